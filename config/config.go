// Package config holds what the configurations of this module's packages have in
// common: secrets that do not print, and errors that name the field.
//
// Every Config has a useful zero value, a method Validate, and errors in which the
// program that filled it finds each wrong field:
//
//	if err := cfg.Validate(); err != nil {
//		for _, wrong := range config.Fields(err) {
//			fmt.Println(wrong.Field, wrong.Problem)
//		}
//	}
//
// New and Open validate too, with the same errors.
package config
