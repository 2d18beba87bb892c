#include "base/bytes.h"
#include "cli/verbs.h"
#include "report/style.h"

namespace backout {

namespace {

Tone tone_of_severity(const std::string& severity) {
    if (severity == "error") return Tone::bad;
    return severity == "warning" ? Tone::caution : Tone::good;
}

Result<int> run_doctor(Context& context) {
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const std::vector<Session::DoctorFinding> findings, session->doctor());
    const Style style(context.render.color);
    Json list = Json::array();
    std::string text;
    ExitCode exit = ExitCode::done;
    for (const Session::DoctorFinding& finding : findings) {
        list.push_back({{"severity", finding.severity},
                        {"what", finding.what},
                        {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}});
        text += style.paint(tone_of_severity(finding.severity), padded(finding.severity, 8)) + printable(finding.what) +
                "\n";
        if (!finding.remedy.empty()) text += "        " + printable(finding.remedy) + "\n";
        if (finding.severity == "error") exit = ExitCode::journal;
    }
    context.show(list, text);
    return static_cast<int>(exit);
}

}  // namespace

VerbSpec doctor_verb() {
    return {"doctor",
            "Check journal, images, disk and locks",
            "Changes nothing. Exit 74 if the journal or an image that a run needs is damaged or missing; warnings "
            "end with 0.",
            {},
            {},
            {"backout doctor", "backout doctor --json"},
            run_doctor};
}

}  // namespace backout
