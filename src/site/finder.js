const form=document.forms[0],out=form.querySelector("output");
form.hidden=false;
form.oninput=()=>{
const nas=form.nas.value.trim().toLowerCase(),[,version,build]=form.dsm.value.match(/(\d+\.\d+)(?:\.\d+)*(?:-(\d+))?/)||[],beta=form.beta.checked?"beta":"stable";
let rows=[...document.querySelectorAll("tr[data-names]")].filter(row=>row.dataset.names.split(" ").includes(nas));
rows=rows.filter(row=>row.dataset.model)[0]||rows[0];
const links=rows?[...rows.querySelectorAll("a")].filter(link=>link.dataset.channel==beta&&link.dataset.version==version):[];
const fits=links.filter(link=>+link.dataset.first<=+(build||0));
const link=fits.length?fits.reduce((a,b)=>+b.dataset.first>+a.dataset.first?b:a):links.find(link=>!link.dataset.first);
out.textContent=link?link.href:nas&&version?"There is nothing for it.":"";
};
