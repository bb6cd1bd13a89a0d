/** The dossier's 3D view: reads what the page embeds, asks the network for nothing. */

import { GLTFLoader } from "three/examples/jsm/loaders/GLTFLoader.js";
import { readData, readModel } from "./data";
import { panel, standardViews } from "./panel";
import { Stage } from "./stage";
import { Vessels } from "./vessels";

async function start(root: HTMLElement): Promise<void> {
  const stageHost = root.querySelector<HTMLElement>(".stage");
  const panelHost = root.querySelector<HTMLElement>(".panel");
  if (!stageHost || !panelHost) return;
  try {
    const stage = new Stage(stageHost);
    const data = readData();
    const model = await new GLTFLoader().parseAsync(readModel(), "");
    stage.add(model.scene, data.parts);
    stage.addMarks(data.heads);
    const vessels = data.vessels ? new Vessels(data.vessels) : null;
    if (vessels) stage.addGroup(vessels.group, vessels.materials);
    panel(panelHost, stage, data, vessels);
    const first = standardViews(data.heads)[0];
    if (first) stage.look(first);
    root.dataset["state"] = "ready";
  } catch (error) {
    root.dataset["state"] = "failed";
    const reason = root.querySelector<HTMLElement>(".reason");
    if (reason) reason.textContent = error instanceof Error ? error.message : String(error);
  }
}

const root = document.getElementById("viewer");
if (root) void start(root);
