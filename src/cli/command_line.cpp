#include "cli/command_line.h"

// The parsing library is not written for our warnings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#include <CLI/CLI.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "base/text.h"
#include "cli/word_check.h"

namespace backout {

namespace {

// Where the library puts what it reads, until it is copied into Arguments.
struct Slot {
    std::string name;
    std::vector<std::string> values;
    int count = 0;
    bool takes_value = false;
};
using Slots = std::vector<std::unique_ptr<Slot>>;

Slot& new_slot(Slots& slots, const std::string& name, bool takes_value) {
    slots.push_back(std::make_unique<Slot>());
    slots.back()->name = name;
    slots.back()->takes_value = takes_value;
    return *slots.back();
}

void add_flag(CLI::App& app, const FlagSpec& spec, Slots& slots) {
    Slot& slot = new_slot(slots, spec.name(), !spec.value.empty());
    if (!slot.takes_value) {
        app.add_flag(spec.names, slot.count, spec.help);
        return;
    }
    CLI::Option* option = app.add_option(spec.names, slot.values, spec.help);
    option->type_name(spec.value)->allow_extra_args(false);
    if (!spec.repeatable) option->expected(1);
    if (!spec.choices.empty()) option->check(CLI::IsMember(spec.choices));
}

void add_word(CLI::App& app, const WordSpec& spec, Slots& slots) {
    Slot& slot = new_slot(slots, spec.name, true);
    CLI::Option* option = app.add_option(spec.name, slot.values, spec.help);
    option->type_name("")->expected(1)->allow_extra_args(false)->required(spec.required);
}

std::string examples_text(const VerbSpec& verb) {
    std::string text = "Examples:\n";
    for (const std::string& example : verb.examples) text += "  " + example + "\n";
    return text + "\nFlags that every verb takes are listed by 'backout --help'.";
}

CLI::App* add_verb(CLI::App& app, const VerbSpec& verb, Slots& slots) {
    CLI::App* sub = app.add_subcommand(verb.name, verb.summary);
    sub->description(verb.about.empty() ? verb.summary : verb.summary + "\n\n" + verb.about);
    sub->fallthrough()->footer(examples_text(verb));
    for (const WordSpec& word : verb.words) add_word(*sub, word, slots);
    for (const FlagSpec& flag : verb.flags) add_flag(*sub, flag, slots);
    return sub;
}

// "MANIFEST is required", says the library.
std::string without_jargon(std::string message) {
    const std::string required = " is required";
    const std::size_t at = message.rfind(required);
    if (at != std::string::npos && at + required.size() == message.size())
        message.replace(at, required.size(), " is missing");
    return message;
}

Arguments collect(const Slots& slots, const std::string& verb) {
    Arguments arguments;
    arguments.verb = verb;
    for (const auto& slot : slots) {
        if (slot->takes_value && !slot->values.empty()) arguments.set(slot->name, slot->values);
        if (!slot->takes_value && slot->count > 0) arguments.set_count(slot->name, slot->count);
    }
    return arguments;
}

class Parser {
  public:
    explicit Parser(const std::vector<VerbSpec>& verbs)
        : verbs_(verbs),
          app_("Runs a change as a transaction: detect, plan, show, execute, verify, take back.", "backout") {
        app_.require_subcommand(0, 1);
        app_.footer("'backout VERB --help' says more about a verb, with examples.");
        app_.get_formatter()->column_width(34);
        for (const FlagSpec& flag : global_flags()) add_flag(app_, flag, global_slots_);
        slots_.resize(verbs.size());
        for (std::size_t i = 0; i < verbs.size(); ++i) subs_.push_back(add_verb(app_, verbs[i], slots_[i]));
    }

    Result<Arguments> parse(std::vector<std::string> words) {
        std::reverse(words.begin(), words.end());  // as the library wants them
        try {
            app_.parse(words);
        } catch (const CLI::CallForHelp&) {
            return help();
        } catch (const CLI::ExtrasError&) {
            return unexpected_word(first_unexpected(), verb(), verbs_);
        } catch (const CLI::ParseError& error) {
            return usage_error(without_jargon(printable(error.what())), verb());
        }
        return result();
    }

  private:
    std::string verb() const {
        for (const CLI::App* sub : subs_) {
            if (sub->parsed()) return sub->get_name();
        }
        return "";
    }

    std::string first_unexpected() const {
        const std::vector<std::string> rest = app_.remaining(true);
        return rest.empty() ? "" : rest.front();
    }

    Arguments help() {
        Arguments arguments;
        arguments.help = true;
        const CLI::App* asked = &app_;
        for (const CLI::App* sub : subs_) {
            if (sub->parsed()) asked = sub;
        }
        arguments.verb = verb();
        arguments.help_text = asked->help(asked == &app_ ? "" : "backout");
        return arguments;
    }

    Result<Arguments> result() {
        Slots all;
        std::string chosen;
        for (std::size_t i = 0; i < subs_.size(); ++i) {
            if (!subs_[i]->parsed()) continue;
            chosen = subs_[i]->get_name();
            all = std::move(slots_[i]);
        }
        for (auto& slot : global_slots_) all.push_back(std::move(slot));
        Arguments arguments = collect(all, chosen);
        arguments.version = arguments.has("--version");
        if (chosen.empty() && !arguments.version) {
            std::vector<std::string> names;
            for (const VerbSpec& spec : verbs_) names.push_back(spec.name);
            return usage_error("a verb is missing: " + join_words(names), "");
        }
        return arguments;
    }

    const std::vector<VerbSpec>& verbs_;
    CLI::App app_;
    std::vector<CLI::App*> subs_;
    std::vector<Slots> slots_;
    Slots global_slots_;
};

}  // namespace

std::string FlagSpec::name() const {
    return split(names, ',').back();
}

const std::vector<FlagSpec>& global_flags() {
    static const std::vector<FlagSpec> kFlags = {
        {"--state-dir", "DIR", "where journal and images are kept (environment: BACKOUT_STATE_DIR)", false, {}},
        {"--root", "DIR", "work inside this folder as if it were /", false, {}},
        {"--json", "", "one JSON document; for apply, resume and rollback one event a line", false, {}},
        {"-v,--verbose", "", "say more (repeatable)", false, {}},
        {"-Q,--quiet", "", "say less (repeatable): -QQQQ says nothing at all", false, {}},
        {"--show", "CHANNEL[:LEVEL]", "raise or lower one channel", true, {}},
        {"--color", "WHEN", "auto, always or never", false, {"auto", "always", "never"}},
        {"--non-interactive", "", "never ask, even on a terminal", false, {}},
        {"--input", "NAME=VALUE", "give an input of the manifest", true, {}},
        {"--inputs", "FILE", "give inputs from a JSON file", true, {}},
        {"--lock-timeout", "DURATION", "wait so long for another run (default 0s)", false, {}},
        {"--on-signal", "WHAT", "after a signal: rollback or stop", false, {"rollback", "stop"}},
        {"--version", "", "print the version", false, {}},
    };
    return kFlags;
}

Result<Arguments> parse_command_line(const std::vector<std::string>& words, const std::vector<VerbSpec>& verbs) {
    BACKOUT_TRY(check_words(words, verbs));
    try {
        return Parser(verbs).parse(words);
    } catch (const std::exception& error) {
        return Error{ErrorCode::usage, std::string("the command line can't be read: ") + printable(error.what())};
    }
}

}  // namespace backout
