#include "cli/verbs.h"
#include "manifest/schema.h"
#include "planner/docs.h"

namespace backout {

namespace {

Result<int> run_schema(Context& context) {
    const Json schema = manifest_schema(kind_docs(make_builtin_registry()), detector_docs(make_builtin_detectors()));
    context.channels.data(dump_pretty(schema), true);
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec schema_verb() {
    return {"schema",
            "Print the JSON Schema of the manifest",
            "For editors and other checkers; made from the kinds of this very program.",
            {},
            {},
            {"backout schema > backout.schema.json"},
            run_schema};
}

}  // namespace backout
