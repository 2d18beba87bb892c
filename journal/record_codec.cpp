#include "journal/record_codec.h"

#include "base/digest.h"
#include "journal/big_endian.h"

namespace backout {

namespace {

// Offsets of the header; FORMAT.md, "Record".
constexpr char kMagic = 'R';
constexpr std::size_t kVersionAt = 1;
constexpr std::size_t kTypeAt = 2;
constexpr std::size_t kFlagsAt = 3;
constexpr std::size_t kStepAt = 4;
constexpr std::size_t kSequenceAt = 8;
constexpr std::size_t kTimeAt = 16;
constexpr std::size_t kBodyLengthAt = 24;
constexpr std::size_t kReservedAt = 28;
constexpr std::size_t kPreviousAt = 32;
static_assert(kPreviousAt + kDigestSize == kRecordHeaderSize);

constexpr auto kLastType = static_cast<std::uint8_t>(RecordType::undo_failed);

bool within_depth(const Json& value, int levels) {
    if (!value.is_structured()) return true;
    if (levels == 0) return false;
    for (const auto& child : value) {
        if (!within_depth(child, levels - 1)) return false;
    }
    return true;
}

Error damaged(const std::string& what) {
    return {ErrorCode::journal, "record damaged: " + what};
}

Error newer(const std::string& what, unsigned number) {
    return {ErrorCode::journal, "record has " + what + " " + std::to_string(number) +
                                    ", which is newer than this program: use the version of backout that wrote it"};
}

/// Order matters: the checksum speaks first, so that a flipped bit in the version isn't taken for a newer program. That
/// works because every version to come keeps the magic, the version's place and the trailing digest (FORMAT.md).
Status check_frame(std::string_view bytes) {
    if (bytes.size() < kRecordHeaderSize + kDigestSize) return damaged("it is too short");
    if (bytes[0] != kMagic) return damaged("it doesn't begin as a record does");
    const auto content = bytes.substr(0, bytes.size() - kDigestSize);
    if (sha256_raw(content) != bytes.substr(content.size())) return damaged("its checksum is wrong");
    const auto version = static_cast<std::uint8_t>(bytes[kVersionAt]);
    if (version != kRecordVersion) return newer("format version", version);
    if (bytes[kFlagsAt] != 0) return newer("flags", static_cast<std::uint8_t>(bytes[kFlagsAt]));
    const auto type = static_cast<std::uint8_t>(bytes[kTypeAt]);
    if (type == 0) return damaged("it has no type");
    if (type > kLastType) return newer("type", type);
    if (get_u32(bytes, kReservedAt) != 0) return damaged("its reserved bytes are not zero");
    if (get_u32(bytes, kBodyLengthAt) != content.size() - kRecordHeaderSize) return damaged("its length is wrong");
    return {};
}

Result<Json> decode_body(std::string_view text) {
    if (text.size() > kRecordBodyLimit) return damaged("its body is too large");
    Json body = Json::parse(text, nullptr, false);
    if (body.is_discarded() || !body.is_object()) return damaged("its body is no JSON object");
    if (!within_depth(body, kRecordBodyDepth)) return damaged("its body is nested too deeply");
    return body;
}

}  // namespace

Bytes run_identity_digest(std::string_view journal_id, std::string_view run) {
    Bytes text = "backout-run";
    text.push_back('\0');
    text.append(journal_id);
    text.push_back('\0');
    text.append(run);
    return sha256_raw(text);
}

Result<Bytes> encode_record(const Record& record, std::string_view previous) {
    BACKOUT_ASSERT(previous.size() == kDigestSize);
    if (!record.body.is_object()) return Error{ErrorCode::invalid, "the body of a record must be an object"};
    if (!within_depth(record.body, kRecordBodyDepth)) {
        return Error{ErrorCode::invalid, "the body of a record is nested more than 64 levels deep"};
    }
    const std::string body = dump_canonical(record.body);
    if (body.size() > kRecordBodyLimit) {
        return Error{ErrorCode::invalid, "the body of a record has more than 64 MiB"};
    }
    Bytes out;
    out.reserve(kRecordHeaderSize + body.size() + kDigestSize);
    out.push_back(kMagic);
    out.push_back(static_cast<char>(kRecordVersion));
    out.push_back(static_cast<char>(record.type));
    out.push_back('\0');
    put_u32(out, record.step);
    put_u64(out, record.sequence);
    put_u64(out, static_cast<std::uint64_t>(record.time));
    put_u32(out, static_cast<std::uint32_t>(body.size()));
    put_u32(out, 0);
    out.append(previous);
    out.append(body);
    out.append(sha256_raw(out));
    return out;
}

Result<DecodedRecord> decode_record(std::string_view bytes) {
    BACKOUT_TRY(check_frame(bytes));
    const auto body_text = bytes.substr(kRecordHeaderSize, bytes.size() - kRecordHeaderSize - kDigestSize);
    BACKOUT_TRY_ASSIGN(Json body, decode_body(body_text));
    DecodedRecord decoded;
    decoded.record.type = static_cast<RecordType>(bytes[kTypeAt]);
    decoded.record.step = get_u32(bytes, kStepAt);
    decoded.record.sequence = get_u64(bytes, kSequenceAt);
    decoded.record.time = static_cast<UnixNanoseconds>(get_u64(bytes, kTimeAt));
    decoded.record.body = std::move(body);
    decoded.previous = Bytes(bytes.substr(kPreviousAt, kDigestSize));
    decoded.digest = digest_of(bytes);
    return decoded;
}

Bytes digest_of(std::string_view encoded) {
    BACKOUT_ASSERT(encoded.size() >= kRecordHeaderSize + kDigestSize);
    return Bytes(encoded.substr(encoded.size() - kDigestSize));
}

}  // namespace backout
