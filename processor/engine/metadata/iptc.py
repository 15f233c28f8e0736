"""IPTC (IIM 4) in Photoshop's image resources ("8BIM"), and the same told in XMP for formats that know no IPTC.

Adobe's file format specification, "Image Resources Section"; "IPTC Standard Photo Metadata", which maps both.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple
from xml.dom.minidom import Document, Element

from processor.engine.metadata.xmp import RDF, descriptions, parse, properties, serialise

PHOTOSHOP = b"Photoshop 3.0\0"
"""How the resources begin in a JPEG's segment, and as libvips holds them."""
_RECORDS = 0x0404
_KEPT = frozenset({0x03ED, _RECORDS, 0x040A, 0x040B, 0x0425})
"""Resolution, IPTC and its digest, the marks of copyright. Others are thumbnails, or tell of the original's pixels."""
_RESOURCE = struct.Struct(">4sHB")
_RECORD = struct.Struct(">BBBH")
_UTF8 = b"\x1b%G"
_DC, _PHOTOSHOP_NS = "http://purl.org/dc/elements/1.1/", "http://ns.adobe.com/photoshop/1.0/"
_CORE, _XML = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "http://www.w3.org/XML/1998/namespace"


class _Target(NamedTuple):
    """A property of XMP; *container* is how RDF lists its values, nothing for a plain text."""

    namespace: str
    name: str
    container: str = ""


_TARGETS = {
    5: _Target(_DC, "dc:title", "rdf:Alt"),
    10: _Target(_PHOTOSHOP_NS, "photoshop:Urgency"),
    12: _Target(_CORE, "Iptc4xmpCore:SubjectCode", "rdf:Bag"),
    15: _Target(_PHOTOSHOP_NS, "photoshop:Category"),
    20: _Target(_PHOTOSHOP_NS, "photoshop:SupplementalCategories", "rdf:Bag"),
    25: _Target(_DC, "dc:subject", "rdf:Bag"),
    40: _Target(_PHOTOSHOP_NS, "photoshop:Instructions"),
    55: _Target(_PHOTOSHOP_NS, "photoshop:DateCreated"),
    80: _Target(_DC, "dc:creator", "rdf:Seq"),
    85: _Target(_PHOTOSHOP_NS, "photoshop:AuthorsPosition"),
    90: _Target(_PHOTOSHOP_NS, "photoshop:City"),
    92: _Target(_CORE, "Iptc4xmpCore:Location"),
    95: _Target(_PHOTOSHOP_NS, "photoshop:State"),
    100: _Target(_CORE, "Iptc4xmpCore:CountryCode"),
    101: _Target(_PHOTOSHOP_NS, "photoshop:Country"),
    103: _Target(_PHOTOSHOP_NS, "photoshop:TransmissionReference"),
    105: _Target(_PHOTOSHOP_NS, "photoshop:Headline"),
    110: _Target(_PHOTOSHOP_NS, "photoshop:Credit"),
    115: _Target(_PHOTOSHOP_NS, "photoshop:Source"),
    116: _Target(_DC, "dc:rights", "rdf:Alt"),
    120: _Target(_DC, "dc:description", "rdf:Alt"),
    122: _Target(_PHOTOSHOP_NS, "photoshop:CaptionWriter"),
}
"""By the number of the dataset in IPTC's second record."""
_DATE, _DATE_DIGITS = 55, 8


def update_iptc(iptc: bytes) -> bytes | None:
    """Return the image resources *iptc* without those that tell of the original's pixels; None where none is left."""
    kept = b"".join(whole for number, whole, _ in _resources(iptc) if number in _KEPT)
    return kept or None


def as_xmp(iptc: bytes, xmp: bytes | None) -> bytes | None:
    """Return *xmp* with what *iptc* says and it does not; as it is where that is nothing, or it cannot be read."""
    document = parse(xmp)
    told = _texts(iptc)
    if document is None or not told or not descriptions(document):
        return xmp
    known = {(one.namespaceURI, one.localName) for one in properties(document)}
    for number, texts in told.items():
        target = _TARGETS[number]
        if (target.namespace, target.name.split(":")[1]) not in known:
            descriptions(document)[0].appendChild(_property(document, target, texts))
    return serialise(document) or xmp


def _property(document: Document, target: _Target, texts: list[str]) -> Element:
    element = document.createElementNS(target.namespace, target.name)
    element.setAttribute(f"xmlns:{target.name.split(':')[0]}", target.namespace)
    if not target.container:
        element.appendChild(document.createTextNode(texts[0]))
        return element
    container = document.createElementNS(RDF, target.container)
    container.setAttribute("xmlns:rdf", RDF)
    for text in texts:
        item = document.createElementNS(RDF, "rdf:li")
        if target.container == "rdf:Alt":
            item.setAttributeNS(_XML, "xml:lang", "x-default")
        item.appendChild(document.createTextNode(text))
        container.appendChild(item)
    element.appendChild(container)
    return element


def _texts(iptc: bytes) -> dict[int, list[str]]:
    """Return what is said in the datasets that XMP has properties for."""
    records = b"".join(content for number, _, content in _resources(iptc) if number == _RECORDS)
    datasets = list(_datasets(records))
    is_utf8 = (1, 90, _UTF8) in datasets
    texts: dict[int, list[str]] = {}
    for record, number, content in datasets:
        if record == 2 and number in _TARGETS:  # noqa: PLR2004 - the record of descriptions
            text = _date(_decode(content, is_utf8=is_utf8)) if number == _DATE else _decode(content, is_utf8=is_utf8)
            texts.setdefault(number, []).append(text)
    return texts


def _decode(content: bytes, *, is_utf8: bool) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("utf-8" if is_utf8 else "cp1252", errors="replace")
    return "".join(character for character in text if character.isprintable() or character in "\t\n")


def _date(text: str) -> str:
    if len(text) == _DATE_DIGITS and text.isdigit():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def _datasets(records: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _RECORD.size <= len(records):
        mark, record, number, size = _RECORD.unpack_from(records, at)
        if mark != 0x1C or size & 0x8000:  # noqa: PLR2004 - what a dataset begins with; longer ones hold no text
            return
        at += _RECORD.size
        yield record, number, records[at : at + size]
        at += size


def _resources(iptc: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield each resource that is whole: its number, itself, and its content."""
    content = iptc.removeprefix(PHOTOSHOP)
    at = 0
    while at + _RESOURCE.size + 5 <= len(content):
        mark, number, name_length = _RESOURCE.unpack_from(content, at)
        content_at = at + _RESOURCE.size + name_length + (1 - name_length % 2) + 4
        size = int.from_bytes(content[content_at - 4 : content_at], "big")
        end = content_at + size + size % 2
        if mark != b"8BIM" or content_at + size > len(content):
            return
        yield number, content[at:end].ljust(end - at, b"\0"), content[content_at : content_at + size]
        at = end
