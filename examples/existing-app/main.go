// Command existing-app is a program that was there before its panel: a shop on a
// chi router, with models of GORM and rows of sqlc. The panel is one more handler
// on its router, on the database it has already; panel.go is all that was added.
//
// It is a module of its own, so that the panel does not depend on the ORM.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/go-crudadmin/crudadmin/config"
)

func main() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "existing-app.db")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		log.Fatal(err)
	}
	key := config.Secret(os.Getenv("ADMIN_SECRET_KEY")) // crudadmin secret prints one
	panel, err := newPanel(ctx, db, "existing-app-admin.db", key)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(panel.Run(ctx)) }()
	server := &http.Server{Addr: "127.0.0.1:8000", Handler: routes(db, panel), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// routes are the pages of the program, and the panel.
func routes(db *sql.DB, panel http.Handler) http.Handler {
	r := chi.NewRouter()
	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		var n int
		if err := db.QueryRowContext(r.Context(), "SELECT count(*) FROM products WHERE deleted_at IS NULL").Scan(&n); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "%d products\n", n)
	})
	r.Handle("/back-office", panel)
	r.Handle("/back-office/*", panel)
	return r
}
