// Examples of what configurations share: errors by field, and secrets that do not print.

package config_test

import (
	"fmt"

	"github.com/go-crudadmin/crudadmin/config"
	"github.com/go-crudadmin/crudadmin/session/redisstore"
)

// A program that has names of its own for the fields, such as flags, tells people what is wrong
// under those.
func ExampleFields() {
	flags := map[string]string{"Port": "--redis-port", "DB": "--redis-db"}
	cfg := redisstore.Config{Host: "redis", Port: 70000, DB: -1, Password: "secret"}
	for _, wrong := range config.Fields(cfg.Validate()) {
		fmt.Println(flags[wrong.Field]+":", wrong.Text())
	}
	// Output:
	// --redis-port: 70000, want 1 to 65535
	// --redis-db: -1, want 0 to 65535
}

func ExampleSecret() {
	password := config.Secret("correct horse")
	fmt.Println(password)
	fmt.Printf("%+v\n", struct{ Password config.Secret }{password})
	fmt.Println(len(string(password)))
	// Output:
	// ***
	// {Password:***}
	// 13
}
