package help_test

import (
	"strings"
	"testing"

	"sportello/app/help"
	"sportello/search/analysis"
)

func TestNothingIsFoundForWordsThatSayNothingOrStandNowhere(t *testing.T) {
	for _, text := range []string{"", "come", "il la di", "stampante", "token stampante", "王", strings.Repeat("a", 5000)} {
		if found, err := help.Find("it", text, 3); err != nil || len(found) != 0 {
			t.Errorf("%.20q finds %v %v", text, found, err)
		}
	}
}

func TestAQuestionIsFoundByTheWordsItIsAskedWith(t *testing.T) {
	for _, c := range [][3]string{
		{"it", "creare un token", "Come creo un token?"}, {"it", "revoca token", "Come revoco un token?"}, {"it", "ritirare invito", "Come ritiro un invito?"},
		{"it", "passaggio lavoro", "Come passo ad altri il lavoro di chi lascia?"}, {"it", "riservato gruppo", "Come rendo riservato un gruppo o un modulo?"},
		{"en", "limiting a token", "How do I limit a token?"}, {"en", "service accounts add", "How do I add a service account?"}, {"en", "confidential group", "How do I make a group or module confidential?"},
		{"it", "mio problema", "Che cosa succede quando dico «È anche il mio problema»?"}, {"it", "servizio fermo", "Come segnalo che un servizio è fermo?"}, {"it", "correzione non funziona", "Che cosa faccio se una correzione non funziona?"},
		{"en", "my problem too", "What happens when I say \"This is my problem\"?"}, {"en", "merge known problems", "How do I merge two known problems that are the same?"}, {"en", "attaching a ticket", "How do I attach a ticket to a known problem?"},
		{"en", "affiliation ends", "What happens when an affiliation ends?"},
	} {
		found, err := help.Find(c[0], c[1], 3)
		if err != nil || len(found) == 0 || found[0].Title != c[2] {
			t.Errorf("%s finds %v %v, not first %s", c[1], found, err, c[2])
		}
	}
}

func TestEachTopicAnswersAsManyQuestionsInEachLanguageAndEachHasAnAddress(t *testing.T) {
	first, err := help.Topics(analysis.Languages[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range analysis.Languages {
		topics, err := help.Topics(lang)
		if err != nil || len(topics) != len(first) {
			t.Fatalf("%s: %d topics, %v", lang, len(topics), err)
		}
		for i, topic := range topics {
			if len(topic.Questions) != len(first[i].Questions) {
				t.Errorf("%s answers %d questions in %s", topic.Code, len(topic.Questions), lang)
			}
			ids := map[string]bool{}
			for _, q := range topic.Questions {
				if q.ID == "" || ids[q.ID] || !strings.HasSuffix(q.Title, "?") || q.Answer == "" {
					t.Errorf("%s in %s: %+v", topic.Code, lang, q)
				}
				ids[q.ID] = true
			}
		}
	}
}
