// Sportello is a help desk in one file: tickets, a knowledge base and search over both, kept in one folder.
package main

import (
	"os"

	"sportello/app/command"
)

func main() { os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
