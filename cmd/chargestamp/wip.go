package main

type rulesCommand struct{}
