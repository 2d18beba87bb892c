// The program. Everything but these lines is in libraries, so that tests can reach it.

#include <string>
#include <vector>

#include "cli/channels.h"
#include "cli/environment.h"
#include "cli/exit_codes.h"
#include "cli/program.h"

int main(int argc, char** argv) {
    const backout::Status prepared = backout::prepare_process();
    if (!prepared.ok()) {
        backout::Channels channels(backout::real_streams());
        const int code = backout::exit_code_of(prepared.error(), 0);
        channels.error(prepared.error(), code, false);
        return code;
    }
    const std::vector<std::string> words(argv + (argc > 0 ? 1 : 0), argv + argc);
    return backout::run_program(words, backout::real_environment(), backout::real_streams());
}
