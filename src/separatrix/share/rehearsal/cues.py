"""What the facilitator says when a complication strikes a doll: signs as the room would see them.

Own wording, without amounts and without a course: it starts the scene, the team does the rest. A team changes
it as it likes; a complication without a cue here is announced by its title.
"""

from __future__ import annotations

_CUES = {
    "vae_any": "The Doppler roars. The breathed-out carbon dioxide falls.",
    "vae_low_pressure": "The Doppler roars, the breathed-out carbon dioxide falls, and the pressure too.",
    "sinus_tear_total_form": "Dark blood wells up from the sinus. Nobody can see where from.",
    "haemorrhage": "The field fills with blood faster than one sucker clears it.",
    "dilution_coagulopathy": "It oozes from every edge. Nothing clots any more.",
    "hypotension": "The pressure falls, and goes on falling.",
    "recipient_collapse": "The veins of this child stand full and its pressure drops away.",
    "bradycardia": "The beat slows, and slows.",
    "tachycardia": "The heart races and the pressure is low.",
    "asystole": "The line is flat. No pulse.",
    "ventricular_fibrillation": "The trace is chaos. No pulse.",
    "potassium_arrest": "While blood runs in, the waves grow tall, then wide. No pulse.",
    "failed_airway": "No breath comes back. The chest does not move.",
    "hypoxia": "The tone of the oximeter drops, beat by beat.",
    "line_dislodged": "During the move something pulls. An alarm sounds on this child.",
    "brain_swelling": "The brain rises into the opening. It is tense and dark.",
    "failed_clamp_test": "The clamp is on. The brain of this child turns dusky, its traces flatten.",
    "unexpected_fusion": "There is no plane here. The brains are one.",
    "seizure": "Face and arm begin to jerk.",
    "haematoma_return": "In intensive care: one pupil grows wide, the child cannot be woken.",
    "segment_clot": "The flow sound over this sinus is gone.",
    "infarct_after_planned_division": "In intensive care: one side of this child moves less than before.",
    "infarct_after_vein_injury": "In intensive care: one side of this child moves less than before.",
    "drug_crosses": "A drug was given to the other child. Now this child’s pressure and pupils change.",
    "wrong_twin_given": "The empty syringe carries the other child’s colour.",
    "anaphylaxis": "Red skin, stiff chest, falling pressure.",
    "malignant_hyperthermia": "The breathed-out carbon dioxide climbs, the jaw is stiff, the skin hot.",
    "fire": "A flash under the drapes. Smoke.",
    "power_loss": "The room goes dark.",
    "gas_loss": "The wall alarm sounds: no gas pressure.",
    "imaging_loss": "The screen freezes, then it is black.",
    "equipment_problem": "The device stops. It will not start again.",
    "leader_unfit": "The leader stops, sits down, cannot go on.",
    "one_twin_dying": "Everything was done for this child, and its heart is failing.",
    "pressure_injury": "At the check: a white mark over the bone, an eyelid not closed.",
    "csf_leak": "Clear fluid drips from the wound.",
    "meningitis": "Fever, a stiff neck, a child that will not be held.",
    "hydrocephalus_shunt": "The head is tight, the child vomits and sleeps.",
    "flap_loss": "The edge of the flap is blue-black.",
    "mother_bleeds": "The womb is soft. Blood runs under the drapes.",
    "high_block": "“I cannot feel my hands. I cannot breathe well.”",
    "mother_failed_airway": "The tube cannot be passed. Oxygen falls.",
    "mother_arrest": "The mother does not answer. No pulse.",
    "labour_at_night": "It is night. The waters are intact, contractions every few minutes.",
    "membranes_ruptured": "The waters break.",
    "heads_stuck": "The bodies are born. The heads do not follow.",
    "bridge_torn": "Blood where the two heads meet.",
    "newborn_airway_blocked": "Born, and this child makes breathing movements without air.",
    "newborn_compressions": "Born, limp, the beat too slow to count on.",
    "identity_swap": "The band on this child carries the other colour.",
    "equipment_for_one": "There is one set on the table. There are two children.",
    "transport_too_narrow": "The pair does not fit between the rails.",
    "parents_uninformed": "A parent stands at the door: “Nobody has told us anything.”",
}


def cue_of(complication: str, title: str) -> str:
    """What is said at the strike.

    Parameters
    ----------
    complication
        Id such as ``complication.fire``.
    title
        Said where there is no cue of its own.

    Examples
    --------
    >>> cue_of("complication.power_loss", "Power or light fails"), cue_of("complication.new", "Something new")
    ('The room goes dark.', 'Something new.')
    """
    return _CUES.get(complication.split(".")[-1], f"{title.rstrip('.')}.")
