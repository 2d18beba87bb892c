// Built without any hardening, so that check 50 can be seen red.
int main() {
    return 0;
}
