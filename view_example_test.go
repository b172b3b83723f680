// Examples of registering tables, compiled as documentation.

package crudadmin_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/account"
)

// Book is any struct of the program, with the tags it has already.
type Book struct {
	ID     int64  `db:"id"`
	Title  string `db:"title" validate:"required,max=200"`
	ISBN   string `db:"isbn" validate:"omitempty,isbn13"`
	Stock  int    `db:"stock" validate:"gte=0"`
	Author int64  `db:"author_id"`
}

// A table is registered once, after New and before the first request.
func ExampleRegister() {
	var panel *crudadmin.Panel // of crudadmin.New
	register := func() error {
		return crudadmin.Register(panel, crudadmin.View[Book]{
			Label: "Book", Group: "Catalogue", DisplayField: "Title",
			List:         []string{"Title", "Author", "Stock"},
			SearchFields: []string{"Title", "ISBN"},
			Sort:         []string{"Title"},
			Fields:       map[string]crudadmin.Field{"ISBN": {Label: "ISBN", Help: "13 digits."}},
			Rights:       crudadmin.Rights{account.Viewer: {crudadmin.RightView}},
		})
	}
	_ = register
}

// Hooks run in the transaction of the write: an error undoes it, and is shown on
// the form.
func ExampleView_hooks() {
	view := crudadmin.View[Book]{
		BeforeCreate: func(_ context.Context, _ crudadmin.Tx, b *Book) error {
			b.Title = strings.TrimSpace(b.Title)
			if strings.EqualFold(b.Title, "untitled") {
				return crudadmin.Invalid("Title", "says nothing")
			}
			return nil
		},
		AfterUpdate: func(ctx context.Context, tx crudadmin.Tx, b *Book) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO stock_log (book_id, stock) VALUES (?, ?)", b.ID, b.Stock)
			return err
		},
		BeforeDelete: func(_ context.Context, _ crudadmin.Tx, b *Book) error {
			if b.Stock > 0 {
				return errors.New("There are still some in stock.")
			}
			return nil
		},
	}
	book := Book{Title: " Untitled "}
	fmt.Println(view.BeforeCreate(context.Background(), nil, &book))
	// Output: Title: says nothing
}

// An action is run on chosen rows, or on all that match, after it was asked about
// with their number.
func ExampleAction() {
	sellOut := crudadmin.Action[Book]{
		Name: "sell-out", Label: "Sell out", Confirm: "They go for half the price.", Danger: true,
		Roles: []account.Role{account.Superuser},
		Run: func(ctx context.Context, tx crudadmin.Tx, books iter.Seq2[*Book, error]) error {
			for b, err := range books {
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, "UPDATE books SET price = price / 2 WHERE id = ?", b.ID); err != nil {
					return err
				}
			}
			return nil
		},
	}
	fmt.Println(sellOut.Label)
	// Output: Sell out
}

// The rights of a table without a struct are in the Config: here editors look at invoices, and
// superusers do everything but delete them. Viewers do not see the table.
func ExampleConfig_rights() {
	kept := slices.DeleteFunc(crudadmin.AllRights(), func(right crudadmin.Right) bool { return right == crudadmin.RightDelete })
	cfg := crudadmin.Config{Rights: map[string]crudadmin.Rights{
		"invoices": {account.Editor: {crudadmin.RightView, crudadmin.RightExport}, account.Superuser: kept},
	}}
	fmt.Println(cfg.Rights["invoices"][account.Superuser])
	// Output: [view export create update bulk]
}
