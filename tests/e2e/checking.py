"""`fairlead check` over a text, and what a good refusal of it looks like."""

import re

from edge import run

_QUOTED = re.compile(r"^ *\d+ \|.*$", re.MULTILINE)


class Checker:
    """Writes texts to a file and checks them; calling it runs the command to its end."""

    def __init__(self, folder):
        self.file = folder / "fairlead.yaml"

    def __call__(self, text, *options):
        self.file.write_text(text)
        done = run("check", "-c", self.file, *options)
        done.said = done.stdout + done.stderr
        return done

    def refuses(self, text, words, *lines):
        """An error at each of these lines, and its own words, not those of the quoted text."""
        done = self(text)
        assert done.returncode == 1, done.said
        assert "not supported" not in done.said, done.said
        assert "^" in done.said, done.said
        for line in lines:
            assert f"fairlead.yaml:{line}:" in done.said, done.said
        own = _QUOTED.sub("", done.said)
        missing = [word for word in words if word not in own]
        assert not missing, (missing, done.said)

    def accepts(self, text, *options):
        """Whatever it may warn of."""
        done = self(text, *options)
        assert done.returncode == 0, done.said
        return done.said
