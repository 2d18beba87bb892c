"""One line at the end of each fault test, the same for all, so that they can be collected."""

import time


class Table:
    """Counts what was tried and what was bad."""

    def __init__(self, name):
        self.name = name
        self.begun = time.monotonic()
        self.points = self.bad = 0

    def counted(self, test):
        """The same test, counted as bad where it fails."""
        def judged(box):
            try:
                test(box)
            except BaseException:
                self.bad += 1
                raise
        judged.__name__, judged.__doc__ = test.__name__, test.__doc__
        judged.needs_root = getattr(test, "needs_root", False)
        return judged

    def show(self):
        print(f"table: {self.name} | {self.points} | {self.bad} | {time.monotonic() - self.begun:.1f}", flush=True)
