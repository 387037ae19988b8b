"""Captions of pictures with what is in them: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "pictures": ("Pictures", "Bilder"),
    "pictures sub": ("{} pictures in {} rows, values from {} to {}", "{} Bilder in {} Zeilen, Werte von {} bis {}"),
    "pictures one row": ("{} pictures, values from {} to {}", "{} Bilder, Werte von {} bis {}"),
    "picture": ("picture {}", "Bild {}"),
    "boxes": ("What is where", "Was ist wo"),
    "boxes sub": ("{} boxes", "{} Rahmen"),
    "boxes one": ("1 box", "1 Rahmen"),
    "boxes truth": ("{} really there, dashed", "{} wirklich vorhanden, gestrichelt"),
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
