"""What everything else stands on: identifiers, clocks, errors and text. Standard library only."""
