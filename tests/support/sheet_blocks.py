"""The ```console blocks of a worksheet: runs their commands in order, and compares what they print with what stands below them.

    sheet_blocks.py FILE          run and compare; says what differs, and where; exit 1 if anything does
    sheet_blocks.py --fill FILE   prints the worksheet with all that came below each command; for its author
    sheet_blocks.py --self-test   shows that a wrong line is noticed

A block holds "$ COMMAND" lines; a command that ends with a backslash goes on in the next line. Below it stands what it prints (both
of its outputs, as into a file): "…" in a line is any text, a line "[...]" is any number of lines. Runs of white space are one
blank, empty lines do not count. Below which nothing stands, that has to succeed and to print something (or to say that it does not:
its output goes elsewhere, it runs on in the background, it ends the lab). YOUR-NAME is replaced, so that no line can hold what only
one seed draws."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time

NAME = "some-reader"
LIMIT = 180  # seconds a command
SILENT = re.compile(r">|&\s*$|\bdown$")


class Command:
    def __init__(self, line, text):
        self.line, self.text, self.shown = line, text, []  # shown: (number of the line, line)


def read(path):
    """The commands of a worksheet, and its lines."""
    lines = open(path, encoding="utf-8").read().split("\n")
    commands, block, goes_on = [], False, False
    for number, line in enumerate(lines, 1):
        if line.startswith("```"):
            block, goes_on = line.strip() == "```console", False
        elif block and goes_on:
            commands[-1].text += "\n" + line
            goes_on = line.endswith("\\")
        elif block and line.startswith("$ "):
            commands.append(Command(number, line[2:]))
            goes_on = line.endswith("\\")
        elif block and not commands:
            raise SystemExit(f"{path}:{number}: no command stands above this line")
        elif block and line.strip():
            commands[-1].shown.append((number, line))
    return commands, lines


def loose(text):
    return " ".join(text.split())


def like(shown, line):
    parts = [re.escape(part) for part in loose(shown).split("…")]
    return re.fullmatch(".*".join(parts), loose(line)) is not None or (
        # "a … b" is also "a b"
        re.fullmatch(".*".join(parts).replace("\\ .*\\ ", "\\ (.*\\ )?"), loose(line)) is not None)


def compare(shown, output):
    """None, or (number of the shown line, the line, what came instead)."""
    came = [line for line in output.split("\n") if line.strip()]
    here = {0}  # how many lines of the output may be used up by now
    for number, line in shown:
        if line.strip() == "[...]":
            here = set(range(min(here), len(came) + 1))
            continue
        after = {i + 1 for i in here if i < len(came) and like(line, came[i])}
        if not after:
            first = min(here)
            return number, line, came[first] if len(here) == 1 and first < len(came) else None
        here = after
    if len(came) in here:
        return None
    return shown[-1][0], "(no more lines)", came[max(here)]


def run(command, started):
    """The exit status (None: it took too long) and what was printed."""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(["sh", "-c", command.replace("YOUR-NAME", NAME)], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        started.append(process.pid)
        try:
            status = process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = None
        out.seek(0)
        return status, out.read().decode("utf-8", "replace").replace(NAME, "YOUR-NAME")


def verdict(path, command, status, output):
    """What is wrong, or None."""
    what = f"{path}:{command.line}: '{command.text}'"
    tail = "".join(f"\n    | {line}" for line in output.split("\n")[-40:] if line.strip())
    if status is None:
        return f"{what}: not done after {LIMIT} s{tail}"
    if status != 0:
        return f"{what}: exit status {status}{tail}"
    if not command.shown:
        return None if output.strip() or SILENT.search(command.text) else f"{what} shows nothing"
    wrong = compare(command.shown, output)
    if not wrong:
        return None
    number, line, came = wrong
    instead = f"came: {came}" if came is not None else "no line like it came"
    return f"{path}:{number}: below '{command.text}'\n  expected: {line}\n  {instead}\n  all that came:{tail}"


def fill(lines, commands, outputs):
    """The worksheet with what came."""
    above, shown = {}, set()
    for command, output in zip(commands, outputs):
        last = command.line + command.text.count("\n")
        above[last] = [line for line in output.rstrip("\n").split("\n") if line.strip()]
        shown |= {number for number, _ in command.shown}
    for number, line in enumerate(lines, 1):
        if number not in shown:
            print(line)
        for came in above.get(number, []):
            print(came)


def walk(path, filling):
    commands, lines = read(path)
    path = os.path.relpath(path, os.environ.get("SRC", "/"))
    if not commands:
        raise SystemExit(f"{path} has no commands")
    started, outputs, start = [], [], time.monotonic()
    try:
        for command in commands:
            status, output = run(command.text, started)
            outputs.append(output)
            wrong = None if filling else verdict(path, command, status, output)
            if wrong:
                print(wrong)
                return 1
    finally:
        for pid in started:  # what runs on in the background
            try:
                os.killpg(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
    if filling:
        fill(lines, commands, outputs)
    else:
        n = sum(1 for c in commands if c.shown)
        print(f"note: {os.path.basename(path)}: {len(commands)} commands, {n} with their output, "
              f"{time.monotonic() - start:.1f} s")
    return 0


def self_test():
    """Each: shown lines, does it fit the output?"""
    output = "one  two\n\nthree 192.0.2.1 x\nfour\nfive\n"
    cases = [
        ("one two\nthree … x\nfour\nfive", True), ("one two\n[...]", True), ("[...]\nfive", True), ("[...]\nfour\n[...]", True),
        ("[...]", True), ("one … two\n[...]", True), ("[...]\nthree 192.0.2.… x\n[...]\nfive\n[...]", True),
        ("one two\nthree … y\nfour\nfive", False), ("one two", False), ("one two\nfour\n[...]", False),
        ("[...]\nfive\nfour\n[...]", False), ("[...]\nsix\n[...]", False), ("one\n[...]", False), ("[...]\nfive\nsix", False),
        ("[...]\nfour", False), ("one.two\n[...]", False),
    ]
    for shown, fits in cases:
        if (compare(list(enumerate(shown.split("\n"), 1)), output) is None) != fits:
            raise SystemExit(f"self-test: {shown!r} is {'not ' if fits else ''}taken for {output!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.md")
        for text, status in (("$ echo a; \\\necho b >&2\na\nb\n", 0), ("$ echo a\nb\n", 1), ("$ false\n", 1), ("$ true\n", 1),
                             ("$ echo a >/dev/null\n$ sleep 9 &\n", 0), ("$ echo YOUR-NAME\nsome-reader\n", 1)):
            with open(path, "w", encoding="utf-8") as out:
                out.write(f"```\n$ false\n```\n```console\n{text}```\n")
            got = subprocess.run([sys.executable, __file__, path], capture_output=True, text=True, check=False)
            if got.returncode != status or (status and "x.md:" not in got.stdout):
                raise SystemExit(f"self-test: {text!r} ends with {got.returncode}: {got.stdout}{got.stderr}")
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:2] == ["--fill"] and len(sys.argv) == 3:
        return walk(sys.argv[2], True)
    if len(sys.argv) == 2:
        return walk(sys.argv[1], False)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
