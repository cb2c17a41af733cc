"""SVG by hand: elements with escaped text, and the frame that makes a plot readable to everybody."""

from __future__ import annotations

from markupsafe import Markup, escape


def element(name: str, *content: str | Markup, **attributes: str | float) -> Markup:
    """`<name attribute="value">content</name>`; a trailing or inner underscore of an attribute becomes none or a dash.

    Content and values are escaped, unless they are Markup; numbers keep two decimals.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
    )
    if not content:
        return Markup("<{}{}/>").format(Markup(name), written)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), written, Markup("").join(map(escape, content)))


def plot(
    identity: str, title: str, description: str, width: float, height: float, *content: Markup
) -> Markup:
    """A figure that screen readers announce by `title` and read as `description`; ids start with `identity`."""
    title_id, description_id = f"{identity}-title", f"{identity}-description"
    return element(
        "svg",
        element("title", title, id=title_id),
        element("desc", description, id=description_id),
        *content,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_labelledby=f"{title_id} {description_id}",
    )


def text(x: float, y: float, content: str, style: str = "", anchor: str = "start", hint: str = "") -> Markup:
    """Text at its baseline; `hint` is shown when pointed at."""
    hints = [element("title", hint)] if hint else []
    return element("text", content, *hints, x=x, y=y, class_=style, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    """A line from (x1, y1) to (x2, y2), in units of the plot's view box; `style` is a CSS class."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=style)


def bar(
    x: float, y: float, width: float, height: float, style: str, hint: str, **attributes: float
) -> Markup:
    """A rectangle with slightly round corners; `hint` is shown when pointed at."""
    return element(
        "rect", element("title", hint), x=x, y=y, width=width, height=height, rx=2, class_=style, **attributes
    )


def dot(x: float, y: float, radius: float, style: str, hint: str) -> Markup:
    """A filled circle around (x, y), in units of the plot's view box; `hint` is shown when pointed at."""
    return element("circle", element("title", hint), cx=x, cy=y, r=radius, class_=style)


def shortened(label: str, most: int) -> str:
    """The label, cut to so many characters."""
    return label if len(label) <= most else label[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{round(value, 2):g}"
