"""The channels that citizens come by, a folder each: pure protocol and a thin shell around it."""
