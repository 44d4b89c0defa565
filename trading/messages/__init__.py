"""What actors tell each other: one module per receiver. Import the module, its name is the address."""
