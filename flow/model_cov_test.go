package flow_test

import (
	"fmt"
	"sort"
	"sync"

	"github.com/chargestamp/chargestamp/charge"
)

var covMu sync.Mutex
var cov = map[string]int{}

func covAdd(from, to charge.State, r charge.Reason) {
	covMu.Lock()
	defer covMu.Unlock()
	cov[fmt.Sprintf("%s -> %s (%s)", from, to, r)]++
}
func covPrint() {
	var k []string
	for s := range cov {
		k = append(k, s)
	}
	sort.Strings(k)
	for _, s := range k {
		fmt.Println(cov[s], s)
	}
}
