"""Captions of pictures with what is in them: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "pictures": ("Pictures", "Bilder"),
    "pictures sub": ("{} in {} rows, values from {} to {}", "{} in {} Zeilen, Werte von {} bis {}"),
    "pictures one row": ("{} in a row, values from {} to {}", "{} in einer Zeile, Werte von {} bis {}"),
    "picture": ("picture {}", "Bild {}"),
    "boxes": ("What is where", "Was ist wo"),
    "boxes sub": ("{} boxes found", "{} Rahmen gefunden"),
    "boxes one": ("1 box found", "1 Rahmen gefunden"),
    "boxes truth": ("{} there, dashed", "{} vorhanden, gestrichelt"),
    "box corners": ("box from ({}, {}) to ({}, {})", "Rahmen von ({}, {}) bis ({}, {})"),
    "box there": ("there", "vorhanden"),
    "box found": ("found", "gefunden"),
    "segmentation": ("A class for each pixel", "Eine Klasse je Pixel"),
    "segmentation sub": (
        "{} classes; each is named by its number where it is widest",
        "{} Klassen; ihre Nummer steht, wo sie am breitesten sind",
    ),
    "class names": ("classes", "Klassen"),
    "class map": ("class map", "Klassenkarte"),
    "scatter": ("Points of each class", "Punkte jeder Klasse"),
    "scatter sub": ("{} points, each written as its class", "{} Punkte, jeder als seine Klasse geschrieben"),
}
