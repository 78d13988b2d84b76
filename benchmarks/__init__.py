"""How often slacheck is right: error rates over synthetic records with known truth."""
