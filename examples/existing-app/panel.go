// The panel: everything that was added to the program.

package main

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

// newPanel is the panel: at most two devices an administrator, signed out after
// ten idle minutes.
func newPanel(ctx context.Context, db *sql.DB, adminPath string, key config.Secret) (*crudadmin.Panel, error) {
	admin, err := sqlite.Open(ctx, adminPath)
	if err != nil {
		return nil, err
	}
	panel, err := crudadmin.New(ctx, crudadmin.Config{
		DB: db, AdminDB: admin, SecretKey: key, MountPath: "/back-office", Title: "Back office",
		SessionRules: session.Config{MaxPerUser: 2, IdleTimeout: 10 * time.Minute},
	})
	if err != nil {
		return nil, err
	}
	return panel, register(panel)
}

// register says how the tables are shown and changed.
func register(panel *crudadmin.Panel) error {
	return errors.Join(
		crudadmin.Register(panel, crudadmin.View[Category]{Group: "Catalogue", Order: 2}),
		crudadmin.Register(panel, crudadmin.View[Product]{
			Label: "Product", Group: "Catalogue", Order: 1, DisplayField: "Name",
			List:   []string{"Name", "PriceCents", "CategoryID", "Status"},
			Create: []string{"Name", "PriceCents", "CategoryID", "Status"},
			Update: []string{"Name", "Slug", "PriceCents", "CategoryID", "Status", "UpdatedAt"},
			Sort:   []string{"-UpdatedAt"},
			Fields: map[string]crudadmin.Field{
				"PriceCents": {Label: "Price", Help: "In cents."},
				"UpdatedAt":  {ReadOnly: true},
			},
			BeforeCreate: func(_ context.Context, _ crudadmin.Tx, p *Product) error {
				p.CreatedAt, p.UpdatedAt = time.Now(), time.Now()
				p.Slug = strings.ToLower(strings.Join(strings.Fields(p.Name), "-"))
				return nil
			},
			BeforeUpdate: func(_ context.Context, _ crudadmin.Tx, _, p *Product) error {
				p.UpdatedAt = time.Now()
				return nil
			},
			Actions: []crudadmin.Action[Product]{{
				Name: "show", Label: "Show", Confirm: "Customers will see them.",
				Run: func(ctx context.Context, tx crudadmin.Tx, products iter.Seq2[*Product, error]) error {
					for p, err := range products {
						if err != nil {
							return err
						}
						if _, err := tx.ExecContext(ctx, "UPDATE products SET status = 'shown' WHERE id = ?", p.ID); err != nil {
							return err
						}
					}
					return nil
				},
			}},
		}),
		crudadmin.Register(panel, crudadmin.View[Account]{
			Label: "Account", Group: "Customers", Rights: crudadmin.Rights{account.Editor: {crudadmin.RightView, crudadmin.RightUpdate}},
			Fields: map[string]crudadmin.Field{"PasswordHash": {Label: "Password", Hash: func(password string) (string, error) {
				hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
				return string(hash), err
			}}},
		}),
	)
}
