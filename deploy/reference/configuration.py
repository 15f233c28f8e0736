"""The page that describes every setting."""

from deploy.reference.described_settings import DescribedSetting, described_groups

_INTRODUCTION = """\
# Configuration

<!-- Written by `python -m deploy.reference` from common/settings; change it there. -->

A flag beats the environment, the environment beats the file named by `-config FILE`, the file beats the default.
The file is JSON, with one object for each section below: `{"server": {"port": 3331}}`.
An empty variable counts as absent. All that is wrong is reported at once, before anything opens, with exit status 2.
`icecube config` prints what is in force, with its secrets masked.

Secrets are marked 🔒: they are never logged or printed, and belong in the environment, not in the file.
"""
_TABLE = """\
| variable | in the file | default | values | what it is |
|---|---|---|---|---|
"""


def configuration() -> str:
    """Return the page, as Markdown."""
    sections = [
        f"\n## {group}\n\n{about}\n\n{_TABLE}" + "".join(map(_row, settings))
        for group, about, settings in described_groups()
    ]
    return _INTRODUCTION + "".join(sections)


def _row(setting: DescribedSetting) -> str:
    default = f"`{setting.default}`" if setting.default else ""
    lock = " 🔒" if setting.is_secret else ""
    cells = f"`{setting.variable}`{lock}", f"`{setting.member}`", default, setting.values, setting.description
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"
