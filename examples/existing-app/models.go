// Models: what the program had before the panel.

package main

import (
	"database/sql"
	"time"

	"gorm.io/gorm"
)

// schema is what the program's migrations made.
const schema = `
CREATE TABLE IF NOT EXISTS categories (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS products (
	id INTEGER PRIMARY KEY, created_at DATETIME, updated_at DATETIME, deleted_at DATETIME,
	name TEXT NOT NULL, slug TEXT NOT NULL UNIQUE, price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
	category_id INTEGER NOT NULL REFERENCES categories(id), status TEXT NOT NULL DEFAULT 'draft');
CREATE INDEX IF NOT EXISTS products_category ON products (category_id);
CREATE TABLE IF NOT EXISTS accounts (
	id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, display_name TEXT, born_on DATE,
	created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);`

// Category and Product are the program's models of GORM, as they were.
type Category struct {
	ID       uint
	Name     string `gorm:"not null;unique" validate:"required,max=40"`
	Products []Product
}

type Product struct {
	gorm.Model

	Name       string `gorm:"not null" validate:"required,min=2"`
	Slug       string
	PriceCents int64 `validate:"gte=0"`
	CategoryID uint
	Category   Category
	Status     string `gorm:"default:draft" validate:"omitempty,oneof=draft shown sold_out"`
}

// Account is what sqlc made of the table accounts.
type Account struct {
	ID           int64          `db:"id" json:"id"`
	Email        string         `db:"email" json:"email" validate:"required,email"`
	PasswordHash string         `db:"password_hash" json:"-" validate:"min=12"`
	DisplayName  sql.NullString `db:"display_name" json:"display_name"`
	BornOn       sql.NullTime   `db:"born_on" json:"born_on"`
	CreatedAt    time.Time      `db:"created_at" json:"created_at"`
}
