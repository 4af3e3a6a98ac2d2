"""Programs that speak Maelstrom's protocol, in any language, as nodes under a scheduler."""
