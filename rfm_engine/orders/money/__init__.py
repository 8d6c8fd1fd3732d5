"""Money: amounts of every accepted type, as exact minor units."""
