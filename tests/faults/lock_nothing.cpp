// A library to be put under a program: its locks on files are granted at once, to everybody. Proof that the test of
// many processes sees what a lock is for.

extern "C" int flock(int /*descriptor*/, int /*operation*/) {
    return 0;
}
