// The panel works without this file; it adds comfort.
