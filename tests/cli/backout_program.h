#pragma once
// Runs the built program as people do: arguments, environment, standard input or a terminal of its own; and a scratch
// folder with a state directory that does not exist yet.

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace backout {

struct Ran {
    int exit = -1;       ///< 128 + n if a signal ended it
    std::string output;  ///< on a terminal: all that was shown
    std::string errors;
};

/// A program at work: waited for, or ended, when it goes out of scope.
class Running {
  public:
    Running(pid_t pid, int output, int errors) : pid_(pid), output_(output), errors_(errors) {}
    Running(Running&& other) noexcept : pid_(other.pid_), output_(other.output_), errors_(other.errors_) {
        other.pid_ = -1;
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    Running& operator=(Running&&) = delete;
    ~Running();
    Ran wait();
    void signal(int number) const;
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
    int output_;
    int errors_;
};

class BackoutProgram : public ::testing::Test {
  protected:
    void SetUp() override;
    void TearDown() override;

    using Words = std::vector<std::string>;
    /// --state-dir is added. Standard input is `input`.
    Ran backout(Words words, const std::string& input = "");
    Running start(Words words, const std::string& input = "");
    /// On a terminal where somebody types `typed`.
    Ran on_terminal(Words words, const std::string& typed);
    /// Nothing is added.
    static Ran run(const Words& words, const std::string& input = "", const std::string& output_file = "");

    std::string path(const std::string& name) const { return scratch_ + "/" + name; }
    void put(const std::string& name, const std::string& text) const;
    std::string get(const std::string& name) const;
    bool exists(const std::string& name) const;
    /// A manifest with one action a text.
    void manifest(const std::string& name, const std::vector<std::string>& actions, const std::string& more = "") const;
    static std::string write_action(const std::string& id, const std::string& path, const std::string& content);
    /// Waits until a file is there.
    void wait_for(const std::string& name) const;
    /// Everything below the scratch folder: names, types, modes, sizes, times, contents.
    std::map<std::string, std::string> snapshot() const;
    nlohmann::json json(const Ran& ran) const { return nlohmann::json::parse(ran.output, nullptr, false); }
    /// The newest run's name.
    std::string newest_run();

    std::string scratch_;
    std::string state_;
};

}  // namespace backout
