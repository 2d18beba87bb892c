#pragma once
// A copy of a journal that is damaged, judged, and mended again.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "faults/journal_damage.h"
#include "faults/journal_questions.h"
#include "journal/open.h"

namespace backout {

/// What came of a damage.
enum Kind : std::size_t { same, refused_at_open, refused_in_part, was_wrong };

/// The sound journal: its files, and what it answers.
struct Sound {
    std::map<std::string, Bytes> files;
    std::size_t used = 0;
    Questions questions;
    std::vector<Answer> right;
    std::vector<Answer> naive;  ///< what naive_answers() says
};

class Patient {
  public:
    /// in_place: readers read without a copy. naive: the reader without checks is judged.
    Patient(const Sound& sound, std::string state, bool in_place, bool naive)
        : sound_(sound), state_(std::move(state)), in_place_(in_place), naive_(naive) {}

    void make() const;
    /// Sets `wrong` if something was.
    Kind try_one(const Damage& damage, std::string& wrong);

  private:
    std::string path(const std::string& name) const { return state_ + "/" + name; }
    JournalOptions journal_options() const;
    void put(const std::string& name, std::size_t at, const Bytes& bytes) const;
    void inflict(const Damage& damage) const;
    void mend(const std::string& name) const;

    Kind judge(const Damage& damage, std::string& wrong);
    Kind judge_naive(std::string& wrong) const;
    Kind judge_open(const Result<std::unique_ptr<JournalStore>>& opened, const char* who, std::string& wrong) const;
    void judge_doctor(std::string& wrong) const;
    void judge_lease(std::string& wrong) const;
    void append(std::unique_ptr<JournalStore> journal, std::string& wrong);
    void look_again(std::uint64_t run, const Record& appended, std::string& wrong) const;
    void compare_others(JournalStore& journal, std::uint64_t run, std::string& wrong) const;

    const Sound& sound_;
    std::string state_;
    bool in_place_;
    bool naive_;
    bool written_ = false;
};

}  // namespace backout
