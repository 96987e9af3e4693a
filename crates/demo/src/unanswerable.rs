//! Questions whose right answer is that the sources conflict, or that the context has no answer.

use crate::question::{Need, Question, question};

pub(crate) const QUESTIONS: &[Question] = &[
    question!("conflict-drug-b", FlagConflict, "the safety of Drug B",
        "Source A: in the registry, Drug B was safe at all doses. Source B: in the same registry, Drug B \
         caused hepatic failure in 4 children. Both sources cite the data cut of March.",
        "Is Drug B safe in children?",
        right: "in the registry, Drug B was safe at all doses." => "Drug B was safe at all doses",
        drift: "Drug B was safe up to 200 mg",
        decoy: "Both sources cite the data cut of March." => "by the data cut of March",
        invented: "The regulator approved the drug for children without restriction."),
    question!("conflict-dose", FlagConflict, "the bevacizumab dose",
        "Source A: the chart records bevacizumab at 10 mg/kg every two weeks. Source B: the pharmacy log \
         records bevacizumab at 15 mg/kg every three weeks. Blood pressure was normal.",
        "At which dose was bevacizumab given?",
        right: "the chart records bevacizumab at 10 mg/kg every two weeks." => "10 mg/kg every two weeks",
        drift: "7.5 mg/kg every two weeks",
        decoy: "Blood pressure was normal." => "blood pressure was normal",
        invented: "Bevacizumab was stopped after a bleed in the fourth cycle."),
    question!("conflict-response", FlagConflict, "the radiological response",
        "Source A: central review called the response a partial response. Source B: the treating centre \
         called it progressive disease. Both read the scan of 3 May.",
        "What was the radiological response?",
        right: "central review called the response a partial response." => "a partial response",
        drift: "a partial response of 65%",
        decoy: "Both read the scan of 3 May." => "the scan of 3 May",
        invented: "A complete response was documented on the later spectroscopy."),
    question!("conflict-onset", FlagConflict, "the onset of symptoms",
        "Source A: the referral letter dates the first symptoms to 2 weeks before admission. Source B: the \
         parents date the first symptoms to 5 months before admission. The child was otherwise well.",
        "How long before admission did the symptoms begin?",
        right: "the referral letter dates the first symptoms to 2 weeks before admission." =>
            "2 weeks before admission",
        drift: "9 weeks before admission",
        decoy: "The child was otherwise well." => "the child was otherwise well",
        invented: "Symptoms were first noted at the school screening in September."),
    question!("conflict-allergy", FlagConflict, "the penicillin allergy",
        "Source A: the anaesthetic record notes no known allergy. Source B: the general practitioner notes \
         anaphylaxis to penicillin. Premedication was midazolam.",
        "Can the child be given penicillin?",
        right: "the anaesthetic record notes no known allergy." => "no known allergy",
        drift: "no known allergy since 2019",
        decoy: "Premedication was midazolam." => "premedication was midazolam",
        invented: "A penicillin challenge under supervision passed without reaction."),
    question!("missing-paracetamol", Abstain, "the paracetamol dose",
        "The boy had headaches in the morning. Pain was managed by the local team with oral analgesics. He \
         weighed 21 kg at the last visit.",
        "Which dose of paracetamol was he given?",
        right: "Pain was managed by the local team with oral analgesics." =>
            "oral analgesics by the local team",
        drift: "315 mg by the local team",
        decoy: "He weighed 21 kg at the last visit." => "21 kg",
        invented: "Paracetamol was given at 15 mg/kg every six hours."),
    question!("missing-egfr", Abstain, "EGFR amplification",
        "Sequencing covered 12 genes of the histone and growth factor pathways. TP53 was mutated at an \
         allele fraction of 41%. The report was signed after 18 days.",
        "Was EGFR amplification found?",
        right: "TP53 was mutated at an allele fraction of 41%." => "TP53 was mutated",
        drift: "TP53 and PTEN were mutated",
        decoy: "The report was signed after 18 days." => "signed after 18 days",
        invented: "High-level EGFR amplification was confirmed by hybridisation."),
    question!("missing-sibling", Abstain, "the screening of siblings",
        "The family met the genetic counsellor once. A germline TP53 variant was excluded in the patient. \
         The family lives two hours from the centre.",
        "Were the siblings screened?",
        right: "A germline TP53 variant was excluded in the patient." => "a germline variant was excluded",
        drift: "a germline BRCA2 variant was excluded",
        decoy: "The family lives two hours from the centre." => "two hours from the centre",
        invented: "Both siblings had normal magnetic resonance imaging in June."),
    question!("missing-school", Abstain, "the return to school",
        "Physiotherapy continued twice a week. Her gait improved after 5 sessions. She enjoyed drawing and \
         visits from friends.",
        "When did she return to school?",
        right: "Her gait improved after 5 sessions." => "after 5 sessions",
        drift: "after 8 sessions",
        decoy: "Physiotherapy continued twice a week." => "twice a week",
        invented: "She went back to school full time in the second week of April."),
    question!("off-topic-capital", AbstainOffTopic, "the capital of France",
        "The pons is the commonest site of diffuse midline glioma in children. Cranial nerve palsies, \
         ataxia and long tract signs form the classic triad. Imaging is usually diagnostic.",
        "What is the capital of France?",
        right: "The pons is the commonest site of diffuse midline glioma in children." => "the pons",
        drift: "Paris, with 2 million people",
        decoy: "Imaging is usually diagnostic." => "imaging",
        invented: "Paris is the capital and the largest city of the country."),
    question!("off-topic-football", AbstainOffTopic, "the football final",
        "Informed consent was taken by the investigator. The second visit took place on day 28. Travel \
         costs were refunded.",
        "Who won the football final?",
        right: "The second visit took place on day 28." => "on day 28",
        drift: "on day 90",
        decoy: "Travel costs were refunded." => "travel costs",
        invented: "The home side won the final after extra time by two goals."),
    question!("off-topic-recipe", AbstainOffTopic, "baking bread",
        "Nutrition was supported by a nasogastric tube from week 6. The dietitian aimed for 1400 kcal a \
         day. Thickened fluids were swallowed safely.",
        "How long should bread bake at high heat?",
        right: "The dietitian aimed for 1400 kcal a day." => "1400 kcal a day",
        drift: "45 minutes",
        decoy: "Thickened fluids were swallowed safely." => "thickened fluids",
        invented: "Bread should bake for forty minutes on the middle shelf."),
];
