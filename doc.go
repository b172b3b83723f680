// Package crudadmin is an admin panel for the database of a Go program. It is an http.Handler:
// administrators sign in, and list, search, create, change, delete and export the records of every
// table.
//
//	adminDB, err := sqlite.Open(ctx, "crudadmin_data/admin.db")
//	panel, err := crudadmin.New(ctx, crudadmin.Config{DB: db, AdminDB: adminDB, SecretKey: key})
//	go panel.Run(ctx)
//	mux.Handle("/admin/", panel)
//
// # Serving
//
// [Config] says what a panel is made of; [ConfigFromEnv] reads one from environment variables.
// [New] checks it, reads the schema of the application's database, and creates the administrators'
// tables. The [Panel] serves every address under its mount path. [Panel.Run] removes expired
// sessions in the background.
//
// # Tables
//
// A panel shows every table and view of the database: each has a list, and each record a page and
// forms. Config.Tables hides tables and masks columns. [Register] describes a table further, with a
// Go struct for its rows: a [View] sets its name and which fields stand where, a [Field] how a
// field is entered, and an [Action] is a button that runs the program's own code. [Panel.Drift]
// lists where a struct and its table disagree.
//
// # Rights
//
// Administrators are superusers, editors or viewers. [Rights] say what each role may do with a
// table. A role never meets a table that it may not view: not in the menu, nor as a choice, a
// reference or an export.
//
// # Hooks
//
// The hooks of a View run for each record, in the transaction that writes it. The error of a hook
// undoes the write and is shown with the form; [Invalid] puts it beside a field.
//
// # Sessions and administrators
//
// Sessions are kept in memory, unless Config.Sessions is another store; package backend opens one.
// With [Panel.Manager] a program ends sessions itself, and with [Panel.Accounts] it changes
// administrators.
//
// # Behind a proxy
//
// Config.TrustedProxies lists the proxies whose forwarding headers are believed, and Config.Secure
// says that visitors come over HTTPS. AllowedNetworks, AllowedHosts and EnforceHTTPS refuse other
// requests.
//
// # Promises
//
// A panel creates no table in the application's database, unless Config.AdminDB is the same
// database. It has no global state and links no SQL driver; many panels run in one process, each
// under a mount path of its own. Masked values are never shown, logged or exported, and passwords
// are kept as hashes alone.
package crudadmin
