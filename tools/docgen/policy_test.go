package main

import "testing"

// TestPolicies plays the example stays of every published rule; what must come of them is written in policies.txt by
// hand.
func TestPolicies(t *testing.T) {
	all, err := readPolicies("policies.txt")
	if err != nil {
		t.Fatal(err)
	}
	exact := 0
	for i := range all {
		p := &all[i]
		t.Run("policy "+p.number, func(t *testing.T) {
			got, err := p.play()
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range p.stays {
				if got[i] != s.want {
					t.Errorf("stay %d: %s, want %s", i+1, got[i], s.want)
				}
			}
			if len(p.stays) != 3 || p.place == "" || p.says[0] == "" || p.says[1] == "" {
				t.Errorf("%d stays of three, or no place or words: %+v", len(p.stays), p)
			}
		})
		if p.missing[0] == "" {
			exact++
		}
	}
	if len(all) != 21 || exact != 16 {
		t.Errorf("%d policies, %d of them exact; want 21 and 16", len(all), exact)
	}
}
