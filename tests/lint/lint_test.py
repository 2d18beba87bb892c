#!/usr/bin/env python3
"""Shows that tools/lint can fail: a clean tree is clean, and each rule sees the one fault planted for it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

LINT = pathlib.Path(sys.argv.pop(1)).resolve()

CLEAN = {
    "CMakeLists.txt": "",
    ".gitignore": "build/\n",
    "tools/rooms.txt": "base  src/base:\nhost  src/host: base\nengine  src/engine: base host\ncli  src/cli: base host engine\n",
    "src/base/CMakeLists.txt": "backout_room(NAME base\n    SOURCES word.cpp\n    HEADERS word.h)\n",
    "src/base/word.h": "#pragma once\n// A word.\n\nint word();\n",
    "src/base/word.cpp": '#include "base/word.h"\n\n#include <string>\n\nint word() {\n    return 1\'000;\n}\n',
    "src/engine/CMakeLists.txt": "backout_room(NAME engine\n    SOURCES loop.cpp)\n",
    "src/engine/loop.cpp": '#include "base/word.h"\n\n// std::system("x") would be wrong; so would "getenv(".\nint loop() { return word(); }\n'
                           'const char* kText = "std::system(x) getenv(y)";\nconst char* kRaw = R"(printf(")";\n'
                           "struct Clock { void sleep(int); };\nvoid wait(Clock& clock) { clock.sleep(1); }\n",
    "src/cli/CMakeLists.txt": "backout_room(NAME cli\n    SOURCES main.cpp)\n",
    "src/cli/main.cpp": '#include <cstdio>\n#include <cstdlib>\n\nint main() { std::printf("%s", std::getenv("HOME")); }\n',
    "tests/unit/base/CMakeLists.txt": "backout_room_tests(ROOM base\n    SOURCES word_test.cpp)\n",
    "tests/unit/base/word_test.cpp": '#include "base/word.h"\n\nTEST(Word, IsOne) { EXPECT_EQ(word(), 1); }\n',
}


def function_of(lines):
    return "int count() {\n" + "    word();\n" * (lines - 2) + "}\n"


class LintTest(unittest.TestCase):
    def lint(self, changes):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**CLEAN, **changes}.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return subprocess.run([sys.executable, str(LINT), "--root", folder], capture_output=True, text=True, check=False)

    def assert_clean(self, changes):
        result = self.lint(changes)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "lint: clean\n", ""))

    def assert_found(self, changes, *expected):
        """Exactly these findings, each given as the start of its line."""
        result = self.lint(changes)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        found = result.stdout.splitlines()[:-1]
        self.assertEqual(len(found), len(expected), result.stdout)
        for line, start in zip(found, expected):
            self.assertTrue(line.startswith(start), f"{line!r} should start with {start!r}")

    def assert_banned(self, statement, label, rule="banned-call"):
        body = CLEAN["src/engine/loop.cpp"] + f"void wrong() {{ {statement} }}\n"
        self.assert_found({"src/engine/loop.cpp": body}, f"src/engine/loop.cpp:9: {rule}: {label}: ")

    def test_clean_tree_is_clean(self):
        self.assert_clean({})

    def test_include_against_the_arrow(self):
        text = '#include "engine/loop.h"\n' + CLEAN["src/base/word.cpp"]
        self.assert_found({"src/base/word.cpp": text}, "src/base/word.cpp:1: include-edge: base may not know engine")

    def test_include_that_names_no_room(self):
        text = '#include "word.h"\n' + CLEAN["src/base/word.cpp"]
        self.assert_found({"src/base/word.cpp": text}, "src/base/word.cpp:1: include-path: ")

    def test_include_of_nothing(self):
        text = '#include "base/world.h"\n' + CLEAN["src/base/word.cpp"]
        self.assert_found({"src/base/word.cpp": text}, 'src/base/word.cpp:1: include-path: there is no "base/world.h"')

    def test_headers_that_open_another_door(self):
        for header in ("unistd.h", "sys/stat.h", "lmdb.h", "iostream", "regex", "fstream", "CLI/CLI.hpp",
                       "spdlog/spdlog.h", "curl/curl.h", "archive.h"):
            with self.subTest(header):
                text = f"#include <{header}>\n" + CLEAN["src/engine/loop.cpp"]
                self.assert_found({"src/engine/loop.cpp": text}, "src/engine/loop.cpp:1: banned-header: ")
        self.assert_found({"src/host/CMakeLists.txt": "backout_room(NAME host\n    SOURCES door.cpp)\n",
                           "src/host/door.cpp": "#include <nlohmann/json.hpp>\n"}, "src/host/door.cpp:1: banned-header: ")

    def test_banned_calls(self):
        for statement, label in (
                ('std::system("ls");', "system"), ('system("ls");', "system"), ('popen("ls", "r");', "popen"),
                ("fork();", "fork"), ("execvp(a, b);", "fork"), ("strcpy(a, b);", "strcpy"), ("strncat(a, b, 1);", "strcpy"),
                ("sprintf(a, b);", "sprintf"), ("gets(a);", "gets"), ('std::getenv("A");', "getenv"),
                ("std::cout << 1;", "cout"), ("std::printf(a);", "printf"), ("fprintf(stderr, a);", "printf"),
                ("std::regex a(b);", "std::regex"), ("localtime(&a);", "localtime"), ("std::rand();", "rand"),
                ("std::random_device a;", "rand"), ("usleep(1);", "sleep"), ("std::this_thread::sleep_for(a);", "sleep"),
                ("std::chrono::steady_clock::now();", "time"), ("time(nullptr);", "time"), ("std::exit(1);", "exit"),
                ("abort();", "abort"), ("assert(a);", "assert"), ("strerror(1);", "strerror"), ("std::stoi(a);", "atoi"),
                ("mktemp(a);", "mktemp"), ("try { a(); } catch (...) {}", "empty catch"),
                ("using namespace std;", "using namespace"), ("std::filesystem::exists(a);", "filesystem"),
                ("goto end;", "goto")):
            with self.subTest(statement):
                self.assert_banned(statement, label)

    def test_banned_calls_have_exceptions_with_a_reason(self):
        body = CLEAN["src/engine/loop.cpp"]
        self.assert_clean({"src/engine/loop.cpp": body + "void f() { abort(); }  // lint: abort is right here, nothing is left\n"})
        self.assert_found({"src/engine/loop.cpp": body + "void f() { abort(); }  // lint: abort is right here\n"},
                          "src/engine/loop.cpp:9: banned-call: abort: ")

    def test_members_are_not_the_banned_functions(self):
        self.assert_clean({"src/engine/loop.cpp": CLEAN["src/engine/loop.cpp"] +
                           "void f(A a) { a.exit(); a->system(1); A::abort(); snprintf(a); system_error(a); }\n"})

    def test_header_without_pragma_once(self):
        self.assert_found({"src/base/word.h": "int word();\n"}, "src/base/word.h:1: pragma-once: ")

    def test_long_function(self):
        long = CLEAN["src/base/word.cpp"] + function_of(71)
        self.assert_clean({"src/base/word.cpp": CLEAN["src/base/word.cpp"] + function_of(70)})
        self.assert_found({"src/base/word.cpp": long}, "src/base/word.cpp:8: function-length: count has 71 lines")

    def test_long_function_inside_a_class_in_a_namespace(self):
        text = CLEAN["src/base/word.cpp"] + "namespace a {\nclass B : public C {\n  public:\n" + function_of(71) + "};\n}\n"
        self.assert_found({"src/base/word.cpp": text}, "src/base/word.cpp:11: function-length: count has 71 lines")

    def test_known_long_function_may_only_shrink(self):
        known = {"tools/long_functions.txt": "# comment\nsrc/base/word.cpp count 80\n"}
        body = CLEAN["src/base/word.cpp"]
        self.assert_clean({**known, "src/base/word.cpp": body + function_of(80)})
        self.assert_found({**known, "src/base/word.cpp": body + function_of(81)},
                          "src/base/word.cpp:8: function-length: count grew from 80 to 81")
        self.assert_found({**known, "src/base/word.cpp": body + function_of(79)},
                          "src/base/word.cpp:8: function-length: count shrank to 79")
        self.assert_found(known, "tools/long_functions.txt:1: function-length: src/base/word.cpp count is no longer longer")

    def test_long_file(self):
        self.assert_found({"src/base/word.h": "#pragma once\n" + "// a\n" * 800}, "src/base/word.h:800: file-length: 801 lines")

    def test_unregistered_test(self):
        self.assert_found({"tests/unit/base/other_test.cpp": "TEST(A, B) {}\n"},
                          "tests/unit/base/other_test.cpp:1: unregistered-test: ")
        # A name that only ends like a registered one, or stands in a comment, is not registered.
        self.assert_found({"tests/unit/base/my_word_test.cpp": "TEST(A, B) {}\n", "tests/unit/base/CMakeLists.txt":
                           "# my_word_test.cpp\nbackout_room_tests(ROOM base\n    SOURCES word_test.cpp)\n",
                           "tests/unit/base/d_test.cpp": "", },
                          "tests/unit/base/d_test.cpp:1: unregistered-test: ",
                          "tests/unit/base/my_word_test.cpp:1: unregistered-test: ")

    def test_dead_file(self):
        self.assert_found({"src/base/old.cpp": "int old() { return 1; }\n"}, "src/base/old.cpp:1: dead-file: ")
        self.assert_found({"src/base/old.h": "#pragma once\n"}, "src/base/old.h:1: dead-file: ")

    def test_disabled_test(self):
        self.assert_found({"tests/unit/base/word_test.cpp": "TEST(Word, DISABLED_IsOne) {}\n"},
                          "tests/unit/base/word_test.cpp:1: disabled-test: ")

    def test_words_that_are_not_the_product_s(self):
        for word in ("/wo" + "rk/main", "Cl" + "aude", "TO" + "DO", "a sub" + "agent", "SEE" + "DS.md"):
            with self.subTest(word):
                self.assert_found({"docs/page.md": f"First line\nsee {word} for more\n"}, "docs/page.md:2: words: ")

    def test_top_level(self):
        self.assert_found({"notes.txt": ""}, "notes.txt:1: top-level: ")


if __name__ == "__main__":
    unittest.main()
