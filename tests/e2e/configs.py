"""Configuration texts that many scenarios share."""


def one_path(*servers, defaults="", path=""):
    """Everything goes to one inline pool; `defaults` and `path` are further YAML lines."""
    text = ""
    if defaults:
        text += "defaults:\n" + indented(defaults, 2)
    text += "paths:\n  - path: /\n"
    text += f"    servers: [{', '.join(server.address for server in servers)}]\n"
    return text + indented(path, 4)


def indented(text, depth):
    return "".join(" " * depth + line + "\n" for line in text.strip().splitlines())
