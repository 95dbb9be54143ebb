"""The check of sentences: each rule, and each kind of file that it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import prose

LONG = "One " + "word and " * 12 + "end."  # 26 words
LONGEST_ALLOWED = "One " + "word and " * 11 + "an end."  # 25 words


def whys(path: Path, source: str) -> list[str]:
    """Return why each finding in a file with this source is one."""
    path.write_text(source)
    return [finding.why for finding in prose.findings([str(path)])]


@pytest.mark.parametrize("opening", ["What", "Who", "Whose", "Which", "Whether", "Where", "How"])
def test_a_docstring_does_not_open_with_a_question_word(tmp_path: Path, opening: str) -> None:
    """Of a module, a class and a function alike; in the middle the word is fine."""
    text = f'"""{opening} it is."""\n'
    source = f"{text}class A:\n    {text}\n    def f(self):\n        {text}"
    assert whys(tmp_path / "a.py", source) == [f"opens with {opening}"] * 3
    assert whys(tmp_path / "b.py", f'"""Say {opening.lower()} it is."""\n# {opening} it is.\n') == []


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("Nobody knows the token.", "says “Nobody”"),
        ("A token that somebody has.", "says “somebody”"),
        ("Whoever has the token.", "says “Whoever”"),
        ("The person for whom it is.", "says “whom”"),
        ("The owner is no administrator.", "says “is no”"),
        ("They are no administrators.", "says “are no”"),
        (LONG, "has 26 words"),
    ],
)
def test_each_bent_sentence_is_found(tmp_path: Path, sentence: str, why: str) -> None:
    """In a docstring, a comment, a string and a page."""
    for name, source in {
        "docstring.py": f'"""{sentence}"""\n',
        "comment.py": f"# {sentence}\n",
        "string.py": f"text = {sentence!r}\n",
        "page.md": f"{sentence}\n",
    }.items():
        assert whys(tmp_path / name, source) == [why]


@pytest.mark.parametrize(
    "text",
    [
        "The token is no longer valid.",
        "It is no more than a name.",
        LONGEST_ALLOWED,
        f"{LONGEST_ALLOWED} {LONGEST_ALLOWED}",
        f"{LONGEST_ALLOWED}\n\nNext paragraph {LONGEST_ALLOWED.lower()[:40]}",
        f"`nobody is {LONG}` is code.",
        f"[A link](https://example.com/{'whom-' * 30}) has words.",
    ],
)
def test_plain_sentences_pass(tmp_path: Path, text: str) -> None:
    """Code, addresses of links and the ends of paragraphs do not count as words of one sentence."""
    assert whys(tmp_path / "page.md", text) == []
    assert whys(tmp_path / "module.py", f'"""{text}"""\n') == []


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.md", f"# A title\n\n- an item\n- {LONG}\n"),
        ("b.md", f"| a | b |\n|---|---|\n| cell | {LONG} |\n"),
        ("c.md", f"[{LONG}](https://example.com)\n"),
        ("a.py", f'def f(x):\n    return f"{LONG[:-4]}{{x}}."\n'),
        ("b.py", "# " + LONG.replace("and word", "and\n# word") + "\n"),
        ("c.py", f'"""A list.\n\n- one\n- {LONG}\n"""\n'),
        ("a.js", f"let a; // {LONG}\n"),
        ("b.js", f"/**\n * {LONG}\n */\n"),
        ("d.js", f"/**\n * @param {{{{a: {{b: c}}[]}}}} [name] {LONG}\n */\n"),
        ("c.js", f"say(`{LONG[:-4]}${{f('x')}}.`);\n"),
        ("a.css", f"a {{}} /* {LONG} */\n"),
        ("a.yaml", f"a: b # {LONG}\n"),
        ("b.yaml", f"Parameters:\n  A:\n    Description: {LONG}\n"),
        ("Makefile", f"help: ## {LONG}\n"),
        ("a.html", f"<p>{LONG}</p>"),
        ("b.html", f'<button title="{LONG}">x</button>'),
        ("c.html", f"<!-- {LONG} -->"),
    ],
)
def test_each_kind_of_text_is_read(tmp_path: Path, name: str, source: str) -> None:
    """A sentence that is too long is found at each place that holds prose, once."""
    assert whys(tmp_path / name, source) == ["has 26 words"]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.md", f"```console\n{LONG}\n```\n"),
        ("b.md", f"- {LONGEST_ALLOWED[:-1]}\n- {LONGEST_ALLOWED}\n"),
        ("a.py", f'f(f"{{len({LONGEST_ALLOWED!r})}}")\n'),
        ("b.py", f"a = 1  # {LONGEST_ALLOWED[:-1]}\nb = 2\n\n# {LONGEST_ALLOWED}\n"),
        ("a.js", f"let a; // {LONGEST_ALLOWED[:-1]}\nlet b;\n// {LONGEST_ALLOWED}\n"),
        ("b.js", f"/**\n * {LONGEST_ALLOWED}\n * @param {{string}} a {LONGEST_ALLOWED}\n */\n"),
        ("c.js", f"/*!\n * A licence: {LONG}\n */\n"),
        ("a.html", f"<script>{LONG}</script><style>{LONG}</style>"),
        ("a.json", f'{{"a": "{LONG}"}}'),
    ],
)
def test_what_is_not_one_sentence_is_left_alone(tmp_path: Path, name: str, source: str) -> None:
    """Code in a page, and texts that only stand beside one another."""
    assert whys(tmp_path / name, source) == []


def test_a_finding_names_its_place(tmp_path: Path) -> None:
    """The file and the line at which the text begins; folders are read to the bottom."""
    page = tmp_path / "folder" / "page.md"
    page.parent.mkdir()
    page.write_text("# Title\n\nAll is well.\nNobody asks.\n")
    (finding,) = prose.findings([str(tmp_path)])
    assert str(finding) == f"{page}:3: says “Nobody”: Nobody asks."


def test_no_sentence_is_excepted() -> None:
    """A sentence that is found is written otherwise."""
    assert not prose.EXCEPTIONS
