"""Texts that would act, load or break out if a page obeyed them, and a reader that says whether one would."""

from __future__ import annotations

from html.parser import HTMLParser

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
VOID = {"br", "hr", "img"}
LOADING = {"script", "iframe", "object", "embed", "link", "meta", "base", "form", "input", "button", "style", "svg"}
HARMLESS = {
    "href": ("http://", "https://", "mailto:"),
    "src": ("data:image/png;", "data:image/jpeg;", "data:image/gif;"),
}

# A formula is put into the page as it was written, wherever it stood: here into an attribute.
RUNS = 'a" onmouseover="window.ran=1" tabindex="0" onfocus="window.ran=1" b="'
FORMULAS = [
    *(f"[press](https://example.com/{before}{RUNS}{after})" for before, after in (("$", "$"), ("$$", "$$"))),
    f"[press](https://example.com/\\\\({RUNS}\\\\))",
    f"[press](https://example.com/\\\\[{RUNS}\\\\])",
    f"[press](https://example.com/\\begin{{a}}{RUNS}\\end{{a}})",
    f"[press](https://example.com '${RUNS}$')",
    f"https://example.com/${RUNS}$",
    f"https://example.com/\\({RUNS}\\)",
    f"<https://example.com/${RUNS}$>",
    f"[press][a]\n\n[a]: https://example.com/${RUNS}$",
    f"```python${RUNS}$\nx\n```",
    f"~~~``$$\\{RUNS}$$",
    f"```\\\\[{RUNS}\\\\]\nx",
    f"> ```python${RUNS}$\n> x\n> ```",
    f"https://example.com/ \\[{RUNS}\\]",
    f"[press](page.html${RUNS}$)",
    f"# a ${RUNS}$",
    f"- [press](https://example.com/$)\n  ```\n  {RUNS}$\n  ```",
    f"[press](https://example.com/$`{RUNS}$`)",
    f"a `b` [press](https://example.com/\\\\({RUNS}`\\\\)`)",
]

HOSTILE = [
    "<script>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<meta http-equiv=refresh content='0;url=https://example.com'>",
    "<base href='https://example.com/'>",
    "<form action='https://example.com'><input name=a><button formaction='javascript:alert(1)'>x",
    "<style>@import 'https://example.com/x.css';</style>",
    "<link rel=stylesheet href=https://example.com/x.css>",
    "<details open ontoggle=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<!-- <img src=x onerror=alert(1)> -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "</pre></code></div></template></script><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;avascript&colon;alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x](\x01javascript:alert(1))",
    "[x](%6Aavascript:alert(1))",
    "[x](vbscript:x)",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/png;base64,AAAA)",
    "[x](file:///etc/passwd)",
    "[x](//example.com/x)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](javascript:alert(1))",
    "![x](https://example.com/seen.png)",
    "![x](//example.com/seen.png)",
    "![x](seen.png)",
    "![x](data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+)",
    '![x" onerror="alert(1)](https://example.com/a.png "b\\" onload=\\"alert(1)")',
    '[x](https://example.com/"onmouseover="alert(1))',
    '```"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```',
    "```python onclick=alert(1)\nprint('</span><script>alert(1)</script>')\n```",
    "`</code><script>alert(1)</script>`",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{<script>alert(1)</script>}$",
    "$$\n</math><script>alert(1)</script>\n$$",
    "$\\style{background:url(https://example.com)}{x}$",
    "$<img src=x onerror=alert(1)>$",
    "| a | b |\n|---|---|\n| <script>alert(1)</script> | [x](javascript:alert(1)) |",
    "# <b onclick=alert(1)>x",
    "\u2028<script>\u2029alert(1)",
    "\u202e<script>alert(1)</script>",
    "a\x00b\ud800c",
]


class Reading(HTMLParser):
    """Reads HTML as a page would, and says what in it could act, load or reach out of its place."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag."""
        self.tags.append(tag)
        if tag in LOADING:
            self.wrong.append(tag)
        for name, value in attrs:
            allowed = HARMLESS.get(name)
            if name.startswith("on") or name in ("style", "id", "srcset", "action", "formaction", "xlink:href"):
                self.wrong.append(name)
            elif allowed and not (value or "").lower().startswith(allowed):
                self.wrong.append(f"{name}={value}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Look at the end of one."""
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Refuse what a reader does not see."""
        self.wrong.append(data)
