#include "cli/word_check.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

std::vector<std::string> names_of(const FlagSpec& flag) {
    return split(flag.names, ',');
}

const VerbSpec* find_verb(const std::string& name, const std::vector<VerbSpec>& verbs) {
    const auto found =
        std::find_if(verbs.begin(), verbs.end(), [&name](const VerbSpec& spec) { return spec.name == name; });
    return found == verbs.end() ? nullptr : &*found;
}

const FlagSpec* find_flag(const std::string& name, const std::vector<FlagSpec>& flags) {
    for (const FlagSpec& flag : flags) {
        const std::vector<std::string> names = names_of(flag);
        if (std::find(names.begin(), names.end(), name) != names.end()) return &flag;
    }
    return nullptr;
}

std::vector<std::string> known_flags(const VerbSpec* verb) {
    std::vector<std::string> names = {"--help", "-h"};
    const auto add = [&names](const std::vector<FlagSpec>& flags) {
        for (const FlagSpec& flag : flags) {
            for (const std::string& name : names_of(flag)) names.push_back(name);
        }
    };
    add(global_flags());
    if (verb != nullptr) add(verb->flags);
    return names;
}

bool is_help(const std::string& name) {
    return name == "--help" || name == "-h";
}

class WordCheck {
  public:
    WordCheck(const std::vector<std::string>& words, const std::vector<VerbSpec>& verbs)
        : words_(words), verbs_(verbs) {}

    Status run() {
        for (at_ = 0; at_ < words_.size() && words_[at_] != "--"; ++at_) {
            const std::string& word = words_[at_];
            const bool flag = word.size() > 1 && word[0] == '-';
            BACKOUT_TRY(flag ? check_flag(word) : check_word(word));
        }
        return {};
    }

  private:
    std::string verb_name() const { return verb_ == nullptr ? "" : verb_->name; }
    Error refuse(const std::string& message) const { return usage_error(message, verb_name()); }

    Status check_word(const std::string& word) {
        if (verb_ != nullptr) return {};
        verb_ = find_verb(word, verbs_);
        return verb_ == nullptr ? Status{unexpected_word(word, "", verbs_)} : Status{};
    }

    const FlagSpec* find(const std::string& name) const {
        const FlagSpec* flag = find_flag(name, global_flags());
        return flag == nullptr && verb_ != nullptr ? find_flag(name, verb_->flags) : flag;
    }

    Status check_flag(const std::string& word) {
        const bool is_long = word[1] == '-';
        if (!is_long && word.size() > 2) return {};  // several in one, or a value that sticks to it
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        if (is_help(name)) return {};
        const FlagSpec* flag = find(name);
        if (flag == nullptr) return unexpected_word(word, verb_name(), verbs_);
        if (!flag->value.empty()) return check_value(*flag, name, equals);
        if (equals == std::string::npos) return {};
        return refuse(name + " takes no value");
    }

    Status check_value(const FlagSpec& flag, const std::string& name, std::size_t equals) {
        const bool joined = equals != std::string::npos;
        const std::string word = words_[at_];
        if (!joined && (at_ + 1 == words_.size() || is_flag(words_[at_ + 1]))) {
            return refuse(name + " takes a value: " + name + " " + flag.value);
        }
        if (!flag.repeatable && !seen_.insert(flag.name()).second) return refuse(flag.name() + " is given twice");
        const std::string value = joined ? word.substr(equals + 1) : words_[++at_];
        const auto chosen = std::find(flag.choices.begin(), flag.choices.end(), value);
        if (flag.choices.empty() || chosen != flag.choices.end()) return {};
        return refuse(flag.name() + ": '" + printable(value) + "' is none of " + join_words(flag.choices) +
                      did_you_mean(value, flag.choices));
    }

    // A flag in the place of a value: nobody names a file so.
    bool is_flag(const std::string& word) const {
        const std::vector<std::string> known = known_flags(verb_);
        return std::find(known.begin(), known.end(), word.substr(0, word.find('='))) != known.end();
    }

    const std::vector<std::string>& words_;
    const std::vector<VerbSpec>& verbs_;
    const VerbSpec* verb_ = nullptr;
    std::set<std::string> seen_;
    std::size_t at_ = 0;
};

}  // namespace

Error usage_error(const std::string& message, const std::string& verb) {
    return {ErrorCode::usage, message + "; see 'backout " + (verb.empty() ? "" : verb + " ") + "--help'"};
}

Error unexpected_word(const std::string& word, const std::string& verb, const std::vector<VerbSpec>& verbs) {
    if (word.size() > 1 && word[0] == '-') {
        const std::string flag = word.substr(0, word.find('='));
        const std::string of = verb.empty() ? "backout" : "backout " + verb;
        return usage_error(
            of + " has no flag '" + printable(flag) + "'" + did_you_mean(flag, known_flags(find_verb(verb, verbs))),
            verb);
    }
    const std::string shown = "'" + printable(word) + "'";
    if (!verb.empty())
        return usage_error("backout " + verb + " takes no further word, but " + shown + " was given", verb);
    std::vector<std::string> names;
    for (const VerbSpec& spec : verbs) names.push_back(spec.name);
    const std::string near = did_you_mean(word, names);
    return usage_error("there is no verb " + shown + (near.empty() ? "; there are " + join_words(names) : near), "");
}

Status check_words(const std::vector<std::string>& words, const std::vector<VerbSpec>& verbs) {
    return WordCheck(words, verbs).run();
}

}  // namespace backout
