import { generateKeyPairSync, createHmac } from "node:crypto"; import {spawn} from "node:child_process";
import {openSqliteStore} from "./store/sqlite-store.ts"; import {openDoor} from "./probot.ts"; import {startServer} from "./server.ts"; import {Readiness} from "./readiness.ts"; import {openMetrics} from "./metrics.ts"; import {openLog} from "./log.ts"; import {takeIn} from "./queue/intake.ts"; import {Worker} from "./queue/worker.ts";
import {rmSync} from "node:fs"; rmSync("/tmp/wbp/s",{recursive:true,force:true});
const privateKey=generateKeyPairSync("rsa",{modulusLength:2048,privateKeyEncoding:{type:"pkcs8",format:"pem"},publicKeyEncoding:{type:"spki",format:"pem"}}).privateKey;
const log=openLog({level:process.argv[2]==="quiet"?"error":"debug"}); const metrics=openMetrics();
const store=openSqliteStore("/tmp/wbp/s",{leaseMs:10000,quietMs:200});
const config={appId:1,privateKey,webhook:{path:"/api/github/webhooks",secrets:["secret","other"] as const},github:{apiUrl:"http://127.0.0.1:1",webUrl:""},listen:{host:"127.0.0.1",port:0}};
const door=await openDoor(config as any,(w)=>takeIn(w,{inbox:store.inbox,log,now:Date.now}));
const server=await startServer({config:config as any,door,metrics,log,readiness:new Readiness({store:()=>store.ping()},()=>{}),pages:async()=>false});
const base=`http://127.0.0.1:${server.port}`;
async function hook(body:string,secret="secret",h:any={}){const r=await fetch(base+"/api/github/webhooks",{method:"POST",body,headers:{"content-type":"application/json","x-github-event":"pull_request","x-github-delivery":crypto.randomUUID(),"x-hub-signature-256":"sha256="+createHmac("sha256",secret).update(body).digest("hex"),...h}}); return r.status+" "+(await r.text()).trim()}
const ok=JSON.stringify({action:"opened",repository:{id:5},pull_request:{number:3}});
if(process.argv[2]!=="quiet"){
console.log(await hook(ok), await hook(ok,"other"), await hook(ok,"wrong"), await hook("5"), await hook("{"),await hook(""),await hook("null"), await hook("[]"), await hook(JSON.stringify({action:"x"})));
for (const p of ["/healthz","/readyz","/nothing"]) {const r=await fetch(base+p); console.log(p,r.status,await r.text())}
console.log((await (await fetch(base+"/metrics")).text()).split("\n").filter(l=>l.includes("webhook_seconds_count")).join("\n"));
console.log(await store.inbox.depth());
const w=new Worker({inbox:store.inbox,handle:async(work)=>{console.log("work",work.key,work.deliveries.length)},log,metrics,now:Date.now},{leaseMs:10000,quietMs:200,concurrency:4});
await new Promise(r=>setTimeout(r,1500)); await w.stop(100);
} else {
 const run=()=>new Promise<void>(res=>{const c0=process.cpuUsage(); spawn(process.execPath,["/tmp/wbp/load.mjs",String(server.port),"4","16"],{stdio:"inherit"}).on("close",()=>{const c=process.cpuUsage(c0); console.log("server cpu s",(c.user+c.system)/1e6, "rss", process.memoryUsage.rss()/1e6|0); res()})});
 await run(); await run();
}
await server.close(1000); await store.close(); console.log("closed");
