#include "faults/naive_journal.h"

#include <lmdb.h>

#include <memory>

namespace backout {

namespace {

Answer refused(int code) {
    return {mdb_strerror(code), true, ErrorCode::journal};
}

Answer dump(MDB_txn* transaction, const char* table) {
    MDB_dbi handle = 0;
    MDB_cursor* cursor = nullptr;
    int code = mdb_dbi_open(transaction, table, 0, &handle);
    if (code == 0) code = mdb_cursor_open(transaction, handle, &cursor);
    if (code != 0) return refused(code);
    const std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> closing(cursor, mdb_cursor_close);
    std::string text;
    MDB_val key{};
    MDB_val value{};
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        text.append(static_cast<const char*>(key.mv_data), key.mv_size).push_back('\n');
        text.append(static_cast<const char*>(value.mv_data), value.mv_size).push_back('\n');
    }
    return code == MDB_NOTFOUND ? Answer{text} : refused(code);
}

}  // namespace

std::vector<Answer> naive_answers(const std::string& state) {
    MDB_env* environment = nullptr;
    int code = mdb_env_create(&environment);
    if (code != 0) return {refused(code)};
    const std::unique_ptr<MDB_env, void (*)(MDB_env*)> closing(environment, mdb_env_close);
    mdb_env_set_maxdbs(environment, 8);
    MDB_txn* transaction = nullptr;
    code = mdb_env_open(environment, state.c_str(), MDB_RDONLY | MDB_NOLOCK, 0600);
    if (code == 0) code = mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction);
    if (code != 0) return {refused(code)};
    std::vector<Answer> answers;
    for (const char* table : {"meta", "runs", "records", "plans", "used", "names"}) {
        answers.push_back(dump(transaction, table));
    }
    mdb_txn_abort(transaction);
    return answers;
}

}  // namespace backout
