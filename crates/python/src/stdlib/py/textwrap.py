def dedent(text):
    lines = text.split("\n")
    margin = None
    for line in lines:
        stripped = line.lstrip(" \t")
        if not stripped:
            continue
        indent = line[:len(line) - len(stripped)]
        if margin is None:
            margin = indent
        else:
            while not indent.startswith(margin):
                margin = margin[:-1]
    margin = margin or ""
    return "\n".join([line[len(margin):] if line.strip(" \t") else "" for line in lines])


def indent(text, prefix, predicate=None):
    if predicate is None:
        predicate = str.strip
    return "".join([(prefix + line if predicate(line) else line)
                    for line in text.splitlines(True)])


def wrap(text, width=70, *, initial_indent="", subsequent_indent="", **options):
    lines = []
    current = []
    length = 0
    for word in text.split():
        lead = len(subsequent_indent if lines else initial_indent)
        if current and lead + length + 1 + len(word) > width:
            lines.append(" ".join(current))
            current = []
            length = 0
        current.append(word)
        length += len(word) + (1 if len(current) > 1 else 0)
    if current:
        lines.append(" ".join(current))
    return [(subsequent_indent if at else initial_indent) + line for at, line in enumerate(lines)]


def fill(text, width=70, **options):
    return "\n".join(wrap(text, width, **options))


def shorten(text, width, *, placeholder=" [...]", **options):
    text = " ".join(text.split())
    if len(text) <= width:
        return text
    words = []
    length = 0
    for word in text.split():
        if length + len(word) + (1 if words else 0) + len(placeholder) > width:
            break
        length += len(word) + (1 if words else 0)
        words.append(word)
    return " ".join(words) + placeholder
