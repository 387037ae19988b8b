"""Words of several figures, and of the table of layers: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "one unit": ("1 unit", "1 Einheit"),
    "units": ("{} units", "{} Einheiten"),
    "layers": ("{} layers", "{} Schichten"),
    "image": ("image", "Bild"),
    "score": ("score {}", "Bewertung {}"),
    "class": ("class {}", "Klasse {}"),
    "values from": ("{}, values from {} to {}", "{}, Werte von {} bis {}"),
    "dropped": ("dropped", "weggelassen"),
    "setting stride": ("stride", "Schrittweite"),
    "setting padding": ("padding", "Rand"),
    "setting dilation": ("dilation", "Dehnung"),
    "setting groups": ("groups", "Gruppen"),
    "in groups": ("{} groups", "{} Gruppen"),
    "column layer": ("layer", "Schicht"),
    "column operation": ("operation", "Operation"),
    "column output": ("output", "Ausgabe"),
    "column parameters": ("parameters", "Parameter"),
    "column multiply-adds": ("multiply-adds", "Multiplikationen"),
    "column kept": ("kept for backward", "für den Rückweg"),
    "column share": ("share", "Anteil"),
    "total": ("total", "gesamt"),
    "sees all": ("all", "alles"),
    "run as for training": ("training", "Training"),
    "of them trained": ("{} of them are trained", "{} davon werden trainiert"),
    "took no part": ("{} of them took no part in this run", "{} davon waren an diesem Lauf nicht beteiligt"),
}
