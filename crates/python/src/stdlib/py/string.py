whitespace = " \t\n\r\v\f"
ascii_lowercase = "abcdefghijklmnopqrstuvwxyz"
ascii_uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ascii_letters = ascii_lowercase + ascii_uppercase
digits = "0123456789"
hexdigits = digits + "abcdef" + "ABCDEF"
octdigits = "01234567"
punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
printable = digits + ascii_letters + punctuation + whitespace


def capwords(s, sep=None):
    return (sep or " ").join([word.capitalize() for word in s.split(sep)])


class Template:
    def __init__(self, template):
        self.template = template

    def _expand(self, values, safe):
        out = []
        text = self.template
        at = 0
        while at < len(text):
            if text[at] != "$":
                out.append(text[at])
                at += 1
                continue
            if text[at + 1:at + 2] == "$":
                out.append("$")
                at += 2
                continue
            braced = text[at + 1:at + 2] == "{"
            start = at + 2 if braced else at + 1
            end = start
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            name = text[start:end]
            after = end + 1 if braced else end
            if name in values:
                out.append(str(values[name]))
            elif safe:
                out.append(text[at:after])
            elif not name:
                raise ValueError("Invalid placeholder in string")
            else:
                raise KeyError(name)
            at = after
        return "".join(out)

    def substitute(self, mapping={}, /, **keywords):
        return self._expand({**mapping, **keywords}, False)

    def safe_substitute(self, mapping={}, /, **keywords):
        return self._expand({**mapping, **keywords}, True)
