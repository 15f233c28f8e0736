"""XMP: properties of a picture in RDF, in XML. ISO 16684-1."""

import re
from collections.abc import Iterator
from xml.dom import Node
from xml.dom.minidom import Attr, Document, Element, parseString
from xml.parsers.expat import ExpatError

from processor.engine.geometry.sizes import Size

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_EMPTY = (
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
    '<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>'
)
_BEGIN, _END = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>', b'<?xpacket end="w"?>'
_LARGEST_BYTES = 1024 * 1024
"""A tree of it takes some fifty times the memory."""
_ENTITIES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_EXIF, _TIFF = "http://ns.adobe.com/exif/1.0/", "http://ns.adobe.com/tiff/1.0/"
_PHOTOSHOP, _XMP = "http://ns.adobe.com/photoshop/1.0/", "http://ns.adobe.com/xap/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_CAMERA = "http://ns.google.com/photos/1.0/camera/"
_LEFT_BEHIND = re.compile(
    r"http://ns\.adobe\.com/(?:hdr-gain-map/|xmp/note/)"
    r"|http://ns\.google\.com/photos/1\.0/(?:container|depthmap|image|audio)/|http://ns\.google\.com/photos/dd/"
    r"|http://ns\.apple\.com/(?:HDRGainMap|pixeldatainfo|depth|semanticSegmentation)"
)
"""Namespaces of what lies beside the picture, and is not in a variant: gain maps, depth, sound, more XMP."""
_MOVING = re.compile(r"MotionPhoto|MicroVideo")
_OF_OTHER_PIXELS = {
    (_EXIF, "SubjectArea"), (_EXIF, "SubjectLocation"), (_XMP, "Thumbnails"), (_TIFF, "BitsPerSample"),
    (_TIFF, "Compression"), (_TIFF, "PhotometricInterpretation"), (_TIFF, "SamplesPerPixel"),
    (_TIFF, "PlanarConfiguration"), (_TIFF, "YCbCrSubSampling"),
}  # fmt: skip
_OF_OTHER_COLOURS = {(_PHOTOSHOP, "ICCProfile"), (_PHOTOSHOP, "ColorMode")}

Property = Element | Attr


def update_xmp(xmp: bytes, size: Size, *, media_type: str, is_srgb: bool) -> bytes | None:
    """Return *xmp* telling the truth of an upright picture of *size*; None where it cannot be read."""
    document = parse(xmp)
    if document is None:
        return None
    told = {
        (_TIFF, "Orientation"): "1",
        (_TIFF, "ImageWidth"): str(size.width),
        (_TIFF, "ImageLength"): str(size.height),
        (_EXIF, "PixelXDimension"): str(size.width),
        (_EXIF, "PixelYDimension"): str(size.height),
        (_DC, "format"): media_type,
    } | ({(_EXIF, "ColorSpace"): "1"} if is_srgb else {})
    wrong = _OF_OTHER_PIXELS | (_OF_OTHER_COLOURS if is_srgb else set())
    for found in list(properties(document)):
        name = (found.namespaceURI or "", found.localName)
        if name in wrong or _LEFT_BEHIND.match(name[0]) or (name[0] == _CAMERA and _MOVING.match(name[1])):
            _remove(found)
        elif name in told:
            _set(found, told[name])
    return serialise(document)


def parse(xmp: bytes | None) -> Document | None:
    """Return the tree of *xmp*, an empty one where it is None, and None where it cannot be read."""
    text = _EMPTY.encode() if xmp is None else xmp.strip(b"\0 \t\r\n")
    if len(text) > _LARGEST_BYTES or _ENTITIES.search(text):
        return None
    try:
        return parseString(text)  # noqa: S318 - there are no entities in it, and expat bounds what it expands
    except (ExpatError, ValueError, LookupError):
        return None


def serialise(document: Document) -> bytes | None:
    """Return *document* as a packet; None where it is nested too deeply."""
    try:
        text: str = document.documentElement.toxml()  # type: ignore[union-attr]  # a parsed document has one
    except RecursionError:
        return None
    return b"\n".join((_BEGIN, text.encode(), _END))


def properties(document: Document) -> Iterator[Property]:
    """Yield the top properties, whether written as elements or as attributes."""
    for description in descriptions(document):
        yield from (child for child in description.childNodes if child.nodeType == Node.ELEMENT_NODE)
        attributes: list[Attr] = list((description.attributes or {}).values())
        yield from (one for one in attributes if one.prefix not in {None, "xmlns", "rdf", "xml"})


def descriptions(document: Document) -> list[Element]:
    """Return what holds the top properties."""
    root = document.documentElement
    frames = [root] if root is not None and _is_named(root, "RDF") else _children(root, "RDF")
    return [description for frame in frames for description in _children(frame, "Description")]


def _children(parent: Element | None, name: str) -> list[Element]:
    nodes = [] if parent is None else parent.childNodes
    return [node for node in nodes if isinstance(node, Element) and _is_named(node, name)]


def _is_named(element: Element, name: str) -> bool:
    return (element.namespaceURI, element.localName) == (RDF, name)


def _remove(found: Property) -> None:
    if isinstance(found, Attr):
        found.ownerElement.removeAttributeNode(found)  # type: ignore[union-attr]  # it stands in a description
    else:
        found.parentNode.removeChild(found)  # type: ignore[union-attr]  # it stands in a description


def _set(found: Property, text: str) -> None:
    if isinstance(found, Attr):
        found.value = text
        return
    for child in list(found.childNodes):
        found.removeChild(child)
    for name in list((found.attributes or {}).keys()):
        if not name.startswith("xmlns"):
            found.removeAttribute(name)
    found.appendChild(found.ownerDocument.createTextNode(text))  # type: ignore[union-attr]  # it has one
