//! Questions whose answer is in the context.

use crate::question::{Need, Question, question};

pub(crate) const QUESTIONS: &[Question] = &[
    question!("radiotherapy-dose", Answer, "the radiotherapy dose",
        "The tumour board reviewed a 6-year-old with a diffuse pontine lesion. She received focal \
         radiotherapy to a total of 54 Gy in 30 fractions. Dexamethasone was tapered over 14 days.",
        "What total radiotherapy dose did the patient receive?",
        right: "She received focal radiotherapy to a total of 54 Gy in 30 fractions." =>
            "54 Gy in 30 fractions",
        drift: "59.4 Gy in 33 fractions",
        decoy: "Dexamethasone was tapered over 14 days." => "Dexamethasone over 14 days",
        invented: "Re-irradiation with 24 Gy was completed at an outside hospital."),
    question!("k27m-status", Answer, "the histone mutation",
        "Stereotactic biopsy was performed without complication. Sequencing showed an H3K27M mutation in \
         H3F3A with wild-type ACVR1. The sample had a tumour content of 80%.",
        "Which histone mutation did sequencing show?",
        right: "Sequencing showed an H3K27M mutation in H3F3A with wild-type ACVR1." =>
            "an H3K27M mutation in H3F3A",
        drift: "an H3G34R mutation in H3F3A",
        decoy: "The sample had a tumour content of 80%." => "a tumour content of 80%",
        invented: "Methylation profiling confirmed a loss of CDKN2A on both alleles."),
    question!("onc201-schedule", Answer, "the ONC201 schedule",
        "After radiotherapy the family chose a trial of ONC201. The protocol gives ONC201 at 625 mg once \
         weekly. A baseline electrocardiogram was normal with a QTc of 410 ms.",
        "At which dose and schedule does the protocol give ONC201?",
        right: "The protocol gives ONC201 at 625 mg once weekly." => "625 mg once weekly",
        drift: "375 mg twice weekly",
        decoy: "A baseline electrocardiogram was normal with a QTc of 410 ms." => "a QTc of 410 ms",
        invented: "Doses above 900 mg were tolerated in the expansion cohort."),
    question!("survival-median", Answer, "the median overall survival",
        "The cohort comprised 87 children treated between 2008 and 2017. Median overall survival was 11 \
         months from diagnosis. Two patients were lost to follow-up.",
        "What was the median overall survival of the cohort?",
        right: "Median overall survival was 11 months from diagnosis." => "11 months from diagnosis",
        drift: "19 months from diagnosis",
        decoy: "Two patients were lost to follow-up." => "two patients lost to follow-up",
        invented: "Survival at five years exceeded 35% in the treated arm."),
    question!("steroid-side-effect", Answer, "the adverse effect of dexamethasone",
        "Dexamethasone was started for raised intracranial pressure. The adverse effect that led to dose \
         reduction was steroid-induced hyperglycaemia. Ranitidine was continued throughout.",
        "Which adverse effect led to the dexamethasone dose reduction?",
        right: "The adverse effect that led to dose reduction was steroid-induced hyperglycaemia." =>
            "steroid-induced hyperglycaemia",
        drift: "steroid-induced hyperglycaemia of 22 mmol",
        decoy: "Ranitidine was continued throughout." => "ranitidine was continued",
        invented: "The child developed adrenal crisis after abrupt withdrawal."),
    question!("shunt-indication", Answer, "the indication for the shunt",
        "On day 9 the child became drowsy with vomiting. A ventriculoperitoneal shunt was placed for \
         obstructive hydrocephalus. The wound healed within 10 days.",
        "Why was a ventriculoperitoneal shunt placed?",
        right: "A ventriculoperitoneal shunt was placed for obstructive hydrocephalus." =>
            "for obstructive hydrocephalus",
        drift: "for obstructive hydrocephalus on day 21",
        decoy: "The wound healed within 10 days." => "the wound healed within 10 days",
        invented: "Intracranial haemorrhage was seen on the emergency scan."),
    question!("trial-age-limit", Answer, "the age limit of the trial",
        "The trial of convection-enhanced delivery opened at three centres. Children aged 2 to 16 years \
         were eligible. Catheters were placed under general anaesthesia.",
        "Which ages were eligible for the trial?",
        right: "Children aged 2 to 16 years were eligible." => "children aged 2 to 16 years",
        drift: "children aged 3 to 21 years",
        decoy: "Catheters were placed under general anaesthesia." => "catheters under general anaesthesia",
        invented: "Adults up to 30 years could join with a waiver from the sponsor."),
    question!("panobinostat-toxicity", Answer, "the dose-limiting toxicity of panobinostat",
        "Nineteen patients entered the dose escalation. The dose-limiting toxicity of panobinostat was \
         thrombocytopenia. Tablets were taken three times a week.",
        "What was the dose-limiting toxicity of panobinostat?",
        right: "The dose-limiting toxicity of panobinostat was thrombocytopenia." => "thrombocytopenia",
        drift: "thrombocytopenia below 25",
        decoy: "Tablets were taken three times a week." => "tablets three times a week",
        invented: "Two children had grade four cardiac failure at the second level."),
    question!("progression-sign", Answer, "the first sign of progression",
        "The girl was stable for seven months after radiotherapy. The first sign of progression was a new \
         left abducens palsy. Her parents asked about a second course.",
        "What was the first sign of progression?",
        right: "The first sign of progression was a new left abducens palsy." => "a new left abducens palsy",
        drift: "a new left abducens palsy in month 12",
        decoy: "The girl was stable for seven months after radiotherapy." => "stable for seven months",
        invented: "A seizure was the earliest sign that the disease had returned."),
    question!("biopsy-complication-rate", Answer, "the complication rate of biopsy",
        "The review pooled 735 brainstem biopsies. Transient complications occurred in 6.7% of procedures. \
         Diagnostic yield was 96.1%.",
        "In what share of procedures did transient complications occur?",
        right: "Transient complications occurred in 6.7% of procedures." => "6.7% of procedures",
        drift: "12.5% of procedures",
        decoy: "Diagnostic yield was 96.1%." => "96.1%",
        invented: "Procedure-related mortality reached 3% in low-volume centres."),
    question!("imaging-interval", Answer, "the imaging interval",
        "Follow-up is shared between the local hospital and the centre. Magnetic resonance imaging is \
         repeated every 8 weeks. Contrast is given only on clinical suspicion.",
        "How often is magnetic resonance imaging repeated?",
        right: "Magnetic resonance imaging is repeated every 8 weeks." => "every 8 weeks",
        drift: "every 26 weeks",
        decoy: "Contrast is given only on clinical suspicion." => "only on clinical suspicion",
        invented: "Annual positron emission scans replaced magnetic resonance imaging."),
    question!("palliative-contact", Answer, "the palliative care referral",
        "The psychosocial team met the parents twice. Palliative care was involved from the time of \
         diagnosis. A school liaison nurse visited in spring.",
        "When was palliative care involved?",
        right: "Palliative care was involved from the time of diagnosis." => "from the time of diagnosis",
        drift: "from month 4 after diagnosis",
        decoy: "A school liaison nurse visited in spring." => "a liaison nurse visited in spring",
        invented: "Hospice admission was declined by the insurer in autumn."),
];
