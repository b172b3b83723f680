// Command existing-app is a program with pages of its own that gets a panel beside
// them: one more handler on its mux, on the database it has already.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-crudadmin/crudadmin"
	"github.com/go-crudadmin/crudadmin/session"
	"github.com/go-crudadmin/crudadmin/sqlite"
)

func main() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "existing-app.db")
	if err != nil {
		log.Fatal(err)
	}
	key := []byte(os.Getenv("ADMIN_SECRET_KEY")) // crudadmin secret prints one
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
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		var n int
		if err := db.QueryRowContext(r.Context(), "SELECT count(*) FROM notes").Scan(&n); err != nil {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = fmt.Fprintf(w, "%d notes\n", n)
	})
	mux.Handle("/back-office/", panel)
	return mux
}

// newPanel is the panel: at most two devices an administrator, signed out after
// ten idle minutes.
func newPanel(ctx context.Context, db *sql.DB, adminPath string, key []byte) (*crudadmin.Panel, error) {
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"); err != nil {
		return nil, err
	}
	admin, err := sqlite.Open(ctx, adminPath)
	if err != nil {
		return nil, err
	}
	return crudadmin.New(ctx, crudadmin.Config{
		DB:           db,
		AdminDB:      admin,
		SecretKey:    key,
		MountPath:    "/back-office",
		Title:        "Back office",
		SessionRules: session.Config{MaxPerUser: 2, IdleTimeout: 10 * time.Minute},
	})
}
