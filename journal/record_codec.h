#pragma once
// Records as bytes. A fixed header in network byte order, the body as canonical JSON, and a SHA-256 over both, which is
// also what the next record carries as "digest of the one before": one hash a record both finds flipped bits and chains
// the run. The first record of a run is chained to the run's identity, so that records can't move between runs or
// journals. It is no protection against somebody who may write the journal: he could compute the chain anew. FORMAT.md
// has the layout.

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "journal/record.h"

namespace backout {

inline constexpr std::uint8_t kRecordVersion = 1;
inline constexpr std::size_t kDigestSize = 32;
inline constexpr std::size_t kRecordHeaderSize = 64;
inline constexpr std::size_t kRecordBodyLimit = 64U << 20;  ///< bytes of one body
inline constexpr int kRecordBodyDepth = 64;                 ///< levels of nesting

struct DecodedRecord {
    Record record;
    Bytes previous;  ///< digest of the record before, 32 bytes
    Bytes digest;    ///< of this one, 32 bytes
};

/// What stands before the first record of a run.
Bytes run_identity_digest(std::string_view journal_id, std::string_view run);

/// Requires: `previous` has 32 bytes. Errors: `invalid` for a body that is no object, too deep or too large to come
/// back.
Result<Bytes> encode_record(const Record& record, std::string_view previous);

/// Takes any bytes. Errors: `journal`: damaged (checksum, length, body), or written by a newer program (version, flag,
/// type).
Result<DecodedRecord> decode_record(std::string_view bytes);

/// The digest of an encoded record: its last 32 bytes. Requires: made by encode_record.
Bytes digest_of(std::string_view encoded);

}  // namespace backout
